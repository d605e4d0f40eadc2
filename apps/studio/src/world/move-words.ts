import { spanWords } from '../strip/describe-freshness.ts'
import { cellText } from './board-cell.ts'
import type { MoveNote } from './move-notes.ts'

const outcomes: Readonly<Record<MoveNote['outcome'], string>> = {
  pending: 'pending',
  confirmed: 'confirmed',
  'rolled-back': 'rolled back',
  'timed-out': 'not seen in time, undone',
  replaced: 'replaced by the next',
}

export function describeMove({ piece, from, to }: MoveNote): string {
  return `Piece ${piece} from ${cellText(from)} to ${cellText(to)}`
}

/** What became of a move, and how long that took or takes. */
export function describeOutcome(note: MoveNote, nowUnixMs: number): string {
  const { outcome, sinceUnixMs, endedAtUnixMs } = note
  if (outcome === 'pending') return `pending for ${spanWords(nowUnixMs - sinceUnixMs)}`
  const tookMs = (endedAtUnixMs ?? nowUnixMs) - sinceUnixMs
  const took = tookMs < 10_000 ? `${(tookMs / 1_000).toFixed(1)} s` : spanWords(tookMs)
  return `${outcomes[outcome]} after ${took}`
}

/** What is said aloud of the newest move. */
export function announceMove(note: MoveNote | undefined): string {
  if (note === undefined) return ''
  const { piece, to, outcome, why } = note
  return `Piece ${piece} to ${cellText(to)}: ${outcomes[outcome]}${why === undefined ? '' : `. ${why}`}`
}
