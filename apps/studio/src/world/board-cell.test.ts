import { expect, test } from 'vitest'
import { cellAt, stepTo } from './board-cell.ts'

const size = { width: 4, height: 3 }

test('[SD6] arrow keys lead to each neighbour, and to no place outside; other keys to none', () => {
  expect(
    ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].map((key) => stepTo({ x: 1, y: 1 }, key, size)),
  ).toEqual([
    { x: 0, y: 1 },
    { x: 2, y: 1 },
    { x: 1, y: 0 },
    { x: 1, y: 2 },
  ])
  expect(stepTo({ x: 0, y: 0 }, 'ArrowLeft', size)).toBeUndefined()
  expect(stepTo({ x: 0, y: 0 }, 'ArrowUp', size)).toBeUndefined()
  expect(stepTo({ x: 3, y: 2 }, 'ArrowRight', size)).toBeUndefined()
  expect(stepTo({ x: 3, y: 2 }, 'ArrowDown', size)).toBeUndefined()
  for (const key of ['Enter', 'a', 'toString']) expect(stepTo({ x: 1, y: 1 }, key, size)).toBeUndefined()
})

test('[SD6] a pointer means the cell under it, at the edges too', () => {
  expect(cellAt(0, 0, size)).toEqual({ x: 0, y: 0 })
  expect(cellAt(0.26, 0.99, size)).toEqual({ x: 1, y: 2 })
  expect(cellAt(1, 1, size)).toEqual({ x: 3, y: 2 })
  expect(cellAt(-0.1, 1.2, size)).toEqual({ x: 0, y: 2 })
})
