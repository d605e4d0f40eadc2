import { expect, test } from 'vitest'
import { createPieceReader } from './piece.ts'

const row = (player: string, x: number, y: number) => ({ player, vec: { x, y } })

test('[SD1] only what has changed becomes another piece, and one that moved says when', () => {
  let now = 100
  const read = createPieceReader(() => now)
  const [one, two] = [row('0x01', 1, 2), row('0x0a', 3, 4)]
  const first = read([one, two], ['a', 'b'])
  expect(first).toEqual([
    { entityId: 'a', piece: 1, x: 1, y: 2, movedAtUnixMs: 0 },
    { entityId: 'b', piece: 10, x: 3, y: 4, movedAtUnixMs: 0 },
  ])
  now = 200
  const second = read([one, row('0x0a', 3, 5)], ['a', 'b'])
  expect(second[0]).toBe(first[0])
  expect(second[1]).toMatchObject({ y: 5, movedAtUnixMs: 200 })
  now = 300
  // Another row that says the same has not moved.
  expect(read([row('0x0a', 3, 5)], ['b'])).toEqual([second[1]])
})
