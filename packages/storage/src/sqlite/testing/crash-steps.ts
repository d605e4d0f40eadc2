import type { Commit, StoreTable } from '@freshet/core'

/** The tables of the crash tests. */
export const crashTables: readonly StoreTable[] = [
  { name: 'rows', space: 'replica', indexes: [{ name: 'byRound', fields: ['round'] }] },
  { name: 'old', space: 'replica' },
  { name: 'checkpoint', space: 'replica' },
  { name: 'operations', space: 'intent' },
]

/** The same with other indexes, so that opening rebuilds. */
export const indexedTables: readonly StoreTable[] = crashTables.map((table) =>
  table.name === 'rows' ? { ...table, indexes: [{ name: 'byName', fields: ['name'] }] } : table,
)

/** A commit that writes, deletes, clears and moves the checkpoint; every record names its round. */
export function commitStep(round: number): Commit {
  const kept = ['a', 'b', 'c'].map((id) => ({ table: 'rows', id, value: { round, name: `${id}${round}` } }))
  return {
    clear: ['old'],
    writes: [
      ...kept,
      { table: 'rows', id: `gone${round - 1}`, value: undefined },
      { table: 'rows', id: `gone${round}`, value: { round, name: 'gone' } },
      { table: 'old', id: `o${round}`, value: { round } },
      { table: 'operations', id: `op${round - 1}`, value: undefined },
      { table: 'operations', id: `op${round}`, value: { round } },
      { table: 'checkpoint', id: 'at', value: { round } },
    ],
  }
}
