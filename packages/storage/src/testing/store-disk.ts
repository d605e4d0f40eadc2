import type { Store, StoreTable } from '@freshet/core'
import type { StoreOptions } from '../store-options.ts'

/** Where one test keeps its store; outlives every store opened on it. */
export interface StoreDisk {
  /** Opens a store here. Called again after a close, and while others are open if the adapter shares. */
  open(options: StoreOptions): Promise<Store>
  /** Removes what is left; all stores are closed by then. */
  remove(): Promise<void>
}

export type ContractOptions = {
  /** An empty disk for one test. */
  createDisk(): Promise<StoreDisk>
  /** Whether several stores can be open on one disk at once. Default true. */
  readonly shared?: boolean | undefined
}

/** The tables the contract works on. */
export const contractTables: readonly StoreTable[] = [
  {
    name: 'rows',
    space: 'replica',
    indexes: [
      { name: 'byScore', fields: ['score'] },
      { name: 'byStatusScore', fields: ['status', 'score'] },
    ],
  },
  { name: 'checkpoint', space: 'replica' },
  { name: 'operations', space: 'intent' },
]

/** All records of a table, by scanning it. */
export async function scanAll(
  store: Store,
  table: string,
  sliceRows = 100,
): Promise<{ id: string; value: unknown }[]> {
  const records = []
  for await (const slice of store.scan(table, sliceRows)) records.push(...slice)
  return records
}
