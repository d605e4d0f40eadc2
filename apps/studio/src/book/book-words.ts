import type { BookHealth } from '@freshet/cli/studio'
import { gapText, type QuoteVerdict } from '@freshet/raindex/client'
import { spanWords, type FreshnessWords } from '../strip/describe-freshness.ts'
import type { BesideAnswer } from './book-answers.ts'
import type { BookView } from './book-link.ts'
import type { Comparison } from './comparisons.ts'

/** What the strip over a book says. */
export type BookFreshnessWords = Pick<FreshnessWords, 'tone' | 'state' | 'trouble'> & {
  /** What it waits for. */
  readonly waits: string | undefined
  readonly age: string
  readonly source: string
}

type BookFreshness = Pick<BookView, 'isConnected' | 'blockAtUnixMs'> & {
  readonly health: Pick<BookHealth, 'state' | 'behind' | 'missingCode' | 'lastError'> | undefined
}

export function describeBook(
  { isConnected, health, blockAtUnixMs }: BookFreshness,
  nowUnixMs: number,
): BookFreshnessWords {
  const age = blockAtUnixMs === undefined ? 'nothing read yet' : `${spanWords(nowUnixMs - blockAtUnixMs)} old`
  if (!isConnected || health === undefined) {
    const waits = 'for Studio’s server'
    const state = health === undefined ? 'connecting' : 'stale'
    return { tone: 'waiting', state, waits, age, source: 'what was known', trouble: undefined }
  }
  const { state, behind, missingCode, lastError } = health
  const source = 'the chain, through the local database'
  if (state === 'live' && missingCode > 0) {
    const waits = `for ${missingCode} ${missingCode === 1 ? 'piece' : 'pieces'} of code`
    return { tone: 'working', state: 'warming up', waits, age, source, trouble: undefined }
  }
  if (state === 'live') {
    const isBehind = (behind ?? 0) > 1
    return {
      tone: isBehind ? 'working' : 'live',
      state: isBehind ? 'catching up' : 'ready',
      waits: isBehind ? `for ${behind} blocks` : undefined,
      ...{ age, source, trouble: undefined },
    }
  }
  const isWaiting = state === 'retrying' || state === 'paused'
  return {
    tone: state === 'halted' ? 'failed' : isWaiting ? 'waiting' : 'working',
    state: state.replace('-', ' '),
    waits: isWaiting ? 'for a node that answers' : undefined,
    ...{ age, source: 'the local database' },
    trouble: lastError ?? undefined,
  }
}

export type VerdictWords = {
  readonly kind: QuoteVerdict['kind'] | 'waiting'
  readonly text: string
  /** In hundredths of a percent, of the ratio; empty where there is none. */
  readonly delta: string
}

/** How the two quotes of a pair stand to each other. */
export function describeVerdict(comparison: Comparison | undefined): VerdictWords {
  const verdict = comparison?.answer?.verdict
  if (!verdict) {
    const text = comparison?.trouble === undefined ? 'asking' : 'no answer'
    return { kind: 'waiting', text, delta: '' }
  }
  switch (verdict.kind) {
    case 'match':
      return { kind: 'match', text: 'match', delta: comparison?.answer?.rpc?.kind === 'quote' ? '0' : '' }
    case 'drift': {
      const { ioRatioBasisPoints, outputMaxBasisPoints } = verdict
      const most = outputMaxBasisPoints === 0 ? '' : `, most ${signed(outputMaxBasisPoints)} bp`
      return { kind: 'drift', text: `drift${most}`, delta: signed(ioRatioBasisPoints) }
    }
    case 'disagree':
      return { kind: 'disagree', text: 'one of them refuses', delta: '' }
    case 'unanswered':
      return { kind: 'unanswered', text: 'the chain does not answer', delta: '' }
    case 'not-comparable':
      return { kind: 'not-comparable', text: `not comparable: ${gapText(verdict.reason)}`, delta: '' }
  }
}

/** What the chain answered, in a few words; undefined for a quote. */
export function rpcRefusal(rpc: BesideAnswer['rpc']): string | undefined {
  switch (rpc?.kind) {
    case 'quote':
      return undefined
    case 'reverted':
      return rpc.data === '0x' ? 'reverted' : `reverted with ${rpc.data}`
    case 'no-order':
      return 'no such order'
    case 'order':
      return 'an order'
    case 'unavailable':
      return rpc.message
    case undefined:
      return '…'
  }
}

/** How far a comparison is behind what is shown. */
export function apartText(of: number | undefined, shown: number | undefined): string {
  if (of === undefined) return ''
  if (shown === undefined || of === shown) return `block ${of}`
  const apart = Math.abs(shown - of)
  return `block ${of}, ${apart} ${apart === 1 ? 'block' : 'blocks'} apart`
}

/** Thousands apart, and at most six digits of what is behind the point: whole it stands in the title. */
export function shortAmount(text: string): string {
  const [, sign = '', whole = '', rest = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === '') return text
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  // What is below one begins behind its zeros.
  const zeros = whole === '0' ? /^0*/.exec(rest)?.[0].length : 0
  const shown = rest.slice(0, 6 + (zeros ?? 0))
  return `${sign}${grouped}${shown === '' ? '' : `.${shown}`}`
}

/** A sentence with the ends of its hashes and addresses. */
export function shortHexes(text: string): string {
  return text.replace(/0x[0-9a-f]{13,}/gi, shortHex)
}

/** The ends of a hash or an address. */
export function shortHex(text: string): string {
  return text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text
}

function signed(value: number | null): string {
  if (value === null) return 'from nothing'
  return value > 0 ? `+${value}` : String(value)
}

export const zeroAddress = `0x${'0'.repeat(40)}`

export function isAddress(text: string): boolean {
  return /^0x[0-9a-f]{40}$/i.test(text)
}
