import type { DemoAction, DemoState } from '@freshet/cli/studio'
import type { Readable } from '../data/readable.ts'

/** The demo's switches, as this page reaches them. */
export type DemoLink = Readable<DemoState | undefined> & {
  /** @throws {Error} what the server said. */
  perform(action: DemoAction): Promise<void>
}

/** Follows the demo's state. `undefined` until it is known, and when the server has gone. */
export function createDemoLink(): DemoLink {
  const listeners = new Set<() => void>()
  let state: DemoState | undefined
  const set = (next: DemoState | undefined): void => {
    state = next
    for (const listener of listeners) listener()
  }
  let events: EventSource | undefined
  // Only while it can be seen: a browser keeps few connections to one address, for all its windows together.
  const follow = (): void => {
    events?.close()
    events = undefined
    if (document.hidden) return
    events = new EventSource('/demo/state')
    events.addEventListener('message', ({ data }: MessageEvent<string>) => {
      // Written by our own server from this type.
      set(JSON.parse(data) as DemoState)
    })
    events.addEventListener('error', () => set(undefined))
  }
  document.addEventListener('visibilitychange', follow)
  follow()
  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async perform(action) {
      const response = await fetch(`/demo/${action}`, { method: 'POST', headers: { 'x-freshet': '1' } })
      if (!response.ok) throw new Error(await response.text())
    },
  }
}
