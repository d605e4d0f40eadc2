import type { Store, Term } from '@freshet/core'
import { contractTables, type ContractOptions, type StoreDisk } from './store-disk.ts'

export type OpenedStore = { readonly store: Store; readonly term: Term; readonly disk: StoreDisk }

/** Runs a test body on a fresh store with a term taken, and cleans up whatever happens. */
export async function withStore(
  options: ContractOptions,
  body: (opened: OpenedStore) => Promise<void>,
): Promise<void> {
  const disk = await options.createDisk()
  try {
    const store = await disk.open({ tables: contractTables })
    try {
      await body({ store, term: await store.takeTerm(), disk })
    } finally {
      await store.close()
    }
  } finally {
    await disk.remove()
  }
}
