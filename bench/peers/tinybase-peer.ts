import type { Change } from '../core/workload.ts'
import { importPeer } from './install-peers.ts'
import type { Peer } from './peer.ts'

/** TinyBase with a query and a listener on its sorted, limited rows. Its undo is a checkpoint. */
export async function openTinyBase(): Promise<Peer> {
  // What is used is declared at the end; a peer of another shape fails on its first use.
  const { createStore, createQueries, createCheckpoints } = (await importPeer(
    'tinybase/index.js',
  )) as TinyBase
  const store = createStore()
  const queries = createQueries(store)
  queries.setQueryDefinition('live', 'items', ({ select, where }) => {
    select('score')
    where('status', 'open')
    where((cell) => Number(cell('score')) > 2 ** 29)
  })
  let ids: readonly string[] = []
  queries.addResultSortedRowIdsListener('live', 'score', true, 0, 50, (...told) => {
    ids = told[6]
  })
  const checkpoints = createCheckpoints(store)

  return {
    setUp: 'a query with a listener on its sorted rows; checkpoints for the undo',
    tiesById: false,
    async load(rows) {
      store.transaction(() => {
        for (const { id, ...cells } of rows) store.setRow('items', id, cells)
      })
      checkpoints.clear()
    },
    apply({ row: { id, ...cells } }: Change) {
      store.setRow('items', id, cells)
    },
    optimistic: {
      show({ id, row }) {
        checkpoints.clear()
        store.setPartialRow('items', id, { score: row.score, status: row.status })
        checkpoints.addCheckpoint()
      },
      undo: () => checkpoints.goBackward(),
    },
    window: () => ids.map((id) => ({ id, score: Number(store.getCell('items', id, 'score')) })),
    close: () => queries.destroy(),
  }
}

type Cells = Readonly<Record<string, unknown>>
type Store = {
  transaction(work: () => void): void
  setRow(table: string, id: string, cells: Cells): void
  setPartialRow(table: string, id: string, cells: Cells): void
  getCell(table: string, id: string, cell: string): unknown
}
type Told = readonly [unknown, unknown, unknown, unknown, unknown, unknown, readonly string[]]
type Definition = {
  select(cell: string): void
  where(cell: string, equals: string): void
  where(test: (cell: (name: string) => unknown) => boolean): void
}
type Queries = {
  setQueryDefinition(id: string, table: string, define: (parts: Definition) => void): void
  addResultSortedRowIdsListener(
    query: string,
    cell: string,
    descending: boolean,
    offset: number,
    limit: number,
    listener: (...told: Told) => void,
  ): void
  destroy(): void
}
type Checkpoints = { addCheckpoint(): void; goBackward(): void; clear(): void }
type TinyBase = {
  createStore(): Store
  createQueries(store: Store): Queries
  createCheckpoints(store: Store): Checkpoints
}
