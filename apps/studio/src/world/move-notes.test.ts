import { expect, test } from 'vitest'
import { shownNote, withMove, withOutcome, withReason, type MoveNote } from './move-notes.ts'
import { announceMove, describeMove, describeOutcome } from './move-words.ts'

const move = (transactionId: string, piece = 1, sinceUnixMs = 1_000) => ({
  ...{ transactionId, piece, sinceUnixMs },
  from: { x: 1, y: 1 },
  to: { x: 2, y: 1 },
})

test('[SD4] a move is pending until its first outcome, and says why it was refused', () => {
  let notes = withMove(withMove([], move('a')), move('b', 2))
  notes = withReason(notes, 'a', 'Piece 9 stands on 2, 1.')
  notes = withOutcome(notes, 'a', 'rolled-back', 3_000)
  notes = withOutcome(notes, 'a', 'confirmed', 4_000)
  expect(notes.map(({ transactionId, outcome }) => [transactionId, outcome])).toEqual([
    ['b', 'pending'],
    ['a', 'rolled-back'],
  ])
  const [pending, refused] = notes
  expect(pending && describeOutcome(pending, 6_500)).toBe('pending for 5 s')
  expect(refused && describeMove(refused)).toBe('Piece 1 from 1, 1 to 2, 1')
  expect(refused && describeOutcome(refused, 60_000)).toBe('rolled back after 2.0 s')
  expect(announceMove(refused)).toBe('Piece 1 to 2, 1: rolled back. Piece 9 stands on 2, 1.')
  expect(announceMove(undefined)).toBe('')
})

test('[SD4] the last moves are kept, and every one that is pending', () => {
  let notes: readonly MoveNote[] = withMove([], move('pending'))
  for (let at = 0; at < 20; at++) {
    notes = withOutcome(withMove(notes, move(`${at}`)), `${at}`, 'confirmed', 2_000)
  }
  expect(notes).toHaveLength(9)
  expect(notes.at(-1)?.transactionId).toBe('pending')
  expect(notes[0]?.transactionId).toBe('19')
})

test('[SD4] a piece shows its pending move, and one that ended for a moment', () => {
  let notes = withMove([], move('a'))
  expect(shownNote(notes, 1, 90_000)?.transactionId).toBe('a')
  expect(shownNote(notes, 2, 90_000)).toBeUndefined()
  notes = withOutcome(withMove(notes, move('b')), 'a', 'replaced', 2_000)
  expect(shownNote(notes, 1, 2_000)?.transactionId).toBe('b')
  notes = withOutcome(notes, 'b', 'confirmed', 4_000)
  expect(shownNote(notes, 1, 5_000)).toMatchObject({ outcome: 'confirmed' })
  expect(shownNote(notes, 1, 7_500)).toBeUndefined()
})
