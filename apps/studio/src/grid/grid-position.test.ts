import { expect, test } from 'vitest'
import { actionsField, headerRow, moveBy } from './grid-position.ts'

const rows = ['biff', 'doc', 'marty']
const fields = ['id', 'name', actionsField]
const move = (key: string, rowId: string, field: string, ctrl = false) =>
  moveBy(key, ctrl, { rowId, field }, rows, fields)

test('[SU6] arrows move by one cell and stop at the edges', () => {
  expect(move('ArrowDown', 'biff', 'name')).toEqual({ rowId: 'doc', field: 'name' })
  expect(move('ArrowDown', 'marty', 'name')).toEqual({ rowId: 'marty', field: 'name' })
  expect(move('ArrowUp', 'biff', 'name')).toEqual({ rowId: headerRow, field: 'name' })
  expect(move('ArrowRight', 'biff', 'name')).toEqual({ rowId: 'biff', field: actionsField })
  expect(move('ArrowLeft', 'biff', 'id')).toEqual({ rowId: 'biff', field: 'id' })
})

test('[SU6] Home and End go to the ends of the row, with Ctrl to those of the grid', () => {
  expect(move('End', 'doc', 'id')).toEqual({ rowId: 'doc', field: actionsField })
  expect(move('Home', 'doc', 'name', true)).toEqual({ rowId: headerRow, field: 'id' })
  expect(move('End', 'biff', 'id', true)).toEqual({ rowId: 'marty', field: actionsField })
})

test('[SU6] from a row that has gone it goes on at the top, and other keys move nothing', () => {
  expect(move('ArrowDown', 'gone', 'name')).toEqual({ rowId: 'biff', field: 'name' })
  expect(move('a', 'doc', 'name')).toBeUndefined()
})
