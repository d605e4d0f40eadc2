import type { MarkerKind } from '@freshet/raindex/client'

/** The colours of a chart as the page has them now. */
export type ChartInk = {
  readonly line: string
  readonly max: string
  readonly grid: string
  readonly text: string
  readonly marked: string
  readonly markers: Readonly<Record<MarkerKind, string>>
}

/** Names of the probes that `replay.css` gives its colours to. A canvas has no style sheet of its own. */
export const inkNames = [
  'line',
  'max',
  'grid',
  'text',
  'marked',
  'add',
  'remove',
  'deposit',
  'withdraw',
  'take',
  'clear',
  'store',
] as const

/** Reads the colours of the probes below an element. */
export function readInk(root: Element): ChartInk {
  const ink = (name: (typeof inkNames)[number]): string => {
    const probe = root.querySelector(`[data-ink='${name}']`)
    return probe === null ? 'gray' : getComputedStyle(probe).color
  }
  return {
    line: ink('line'),
    max: ink('max'),
    grid: ink('grid'),
    text: ink('text'),
    marked: ink('marked'),
    markers: {
      add: ink('add'),
      remove: ink('remove'),
      deposit: ink('deposit'),
      withdraw: ink('withdraw'),
      take: ink('take'),
      clear: ink('clear'),
      store: ink('store'),
    },
  }
}

/** Tells when the appearance changes, by the system or by the page's own switch. */
export function onAppearanceChange(listener: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', listener)
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => {
    system.removeEventListener('change', listener)
    observer.disconnect()
  }
}
