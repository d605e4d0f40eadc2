import type { OverlayOutcome } from '@freshet/torii'
import type { Cell } from './board-cell.ts'

/** A move that was made in this window, and what became of it. */
export type MoveNote = {
  readonly transactionId: string
  readonly piece: number
  readonly from: Cell
  readonly to: Cell
  readonly sinceUnixMs: number
  readonly outcome: 'pending' | OverlayOutcome
  readonly endedAtUnixMs: number | undefined
  /** Why it was refused. */
  readonly why: string | undefined
}

/** How many are kept, the newest first; those that are pending in any case. */
const mostKept = 8

export function withMove(
  notes: readonly MoveNote[],
  move: Pick<MoveNote, 'transactionId' | 'piece' | 'from' | 'to' | 'sinceUnixMs'>,
): readonly MoveNote[] {
  const note: MoveNote = { ...move, outcome: 'pending', endedAtUnixMs: undefined, why: undefined }
  return [note, ...notes].filter(({ outcome }, at) => at < mostKept || outcome === 'pending')
}

export function withOutcome(
  notes: readonly MoveNote[],
  transactionId: string,
  outcome: OverlayOutcome,
  nowUnixMs: number,
): readonly MoveNote[] {
  return notes.map((note) =>
    note.transactionId === transactionId && note.outcome === 'pending'
      ? { ...note, outcome, endedAtUnixMs: nowUnixMs }
      : note,
  )
}

/** The reason may come before the outcome or after it. */
export function withReason(
  notes: readonly MoveNote[],
  transactionId: string,
  why: string,
): readonly MoveNote[] {
  return notes.map((note) => (note.transactionId === transactionId ? { ...note, why } : note))
}

/** What is to be seen of a piece's moves: the pending one, or the last where that was a moment ago. */
export function shownNote(
  notes: readonly MoveNote[],
  piece: number,
  nowUnixMs: number,
): MoveNote | undefined {
  const own = notes.filter((note) => note.piece === piece && note.outcome !== 'replaced')
  const newest = own.find(({ outcome }) => outcome === 'pending') ?? own[0]
  if (newest?.endedAtUnixMs === undefined) return newest
  return nowUnixMs - newest.endedAtUnixMs < shownForMs ? newest : undefined
}

const shownForMs = 3_000
