import type { BenchItem, Change } from '../core/workload.ts'
import { importPeer } from './install-peers.ts'
import type { Peer } from './peer.ts'

const zql = '@rocicorp/zero/out/zql/src'

/**
 * ZQL, the engine of Zero, without Zero's client around it: the fastest peer.
 *
 * It has no undo of its own outside of Zero's mutators; an optimistic change is
 * shown as an edit and undone by the edit back.
 */
export async function openZql(): Promise<Peer> {
  // Here and below: what is used is declared at the end; a peer of another shape fails on its first use.
  const { MemorySource } = (await importPeer(`${zql}/ivm/memory-source.js`)) as SourceModule
  const { ArrayView } = (await importPeer(`${zql}/ivm/array-view.js`)) as ViewModule
  const { buildPipeline } = (await importPeer(`${zql}/builder/builder.js`)) as BuilderModule
  const { MemoryStorage } = (await importPeer(`${zql}/ivm/memory-storage.js`)) as StorageModule
  const { makeSourceChangeAdd, makeSourceChangeEdit } = (await importPeer(
    `${zql}/ivm/source.js`,
  )) as ChangeModule

  const source = new MemorySource('items', columns, ['id'])
  const held = new Map<string, BenchItem>()
  const input = buildPipeline(
    query,
    {
      getSource: () => source,
      createStorage: () => new MemoryStorage(),
      decorateInput: (each) => each,
      decorateSourceInput: (each) => each,
      decorateFilterInput: (each) => each,
      addEdge: () => {},
    },
    'live',
  )
  let window: readonly BenchItem[] = []
  let open: View | undefined
  const push = (change: unknown): void => {
    // A stream is done only once it was read to its end.
    for (const _ of source.push(change)) continue
    open?.flush()
  }
  const edit = (row: BenchItem): void => {
    const old = held.get(row.id)
    held.set(row.id, row)
    push(old === undefined ? makeSourceChangeAdd(row) : makeSourceChangeEdit(row, old))
  }
  let undone: BenchItem | undefined

  return {
    setUp: 'MemorySource, buildPipeline and ArrayView of the npm package',
    tiesById: true,
    async load(rows) {
      open = new ArrayView(input, { singular: false, relationships: {} }, true, () => {})
      open.addListener((data) => (window = data))
      for (const row of rows) {
        held.set(row.id, row)
        for (const _ of source.push(makeSourceChangeAdd(row))) continue
      }
      open.flush()
    },
    apply: ({ row }) => edit(row),
    optimistic: {
      show(change: Change) {
        undone = held.get(change.id)
        edit(change.row)
      },
      undo: () => undone && edit(undone),
    },
    window: () => window,
    close: () => open?.destroy(),
  }
}

const columns = {
  id: { type: 'string' },
  name: { type: 'string' },
  owner: { type: 'string' },
  score: { type: 'number' },
  status: { type: 'string' },
  updatedAt: { type: 'number' },
  payload: { type: 'string' },
}

const compare = (name: string, op: string, value: unknown) => ({
  type: 'simple',
  op,
  left: { type: 'column', name },
  right: { type: 'literal', value },
})

const query = {
  table: 'items',
  where: { type: 'and', conditions: [compare('status', '=', 'open'), compare('score', '>', 2 ** 29)] },
  orderBy: [
    ['score', 'desc'],
    ['id', 'asc'],
  ],
  limit: 50,
}

type Source = { push(change: unknown): Iterable<unknown> }
type View = {
  addListener(listener: (data: readonly BenchItem[]) => void): void
  flush(): void
  destroy(): void
}
type SourceModule = {
  readonly MemorySource: new (table: string, columns: object, key: readonly string[]) => Source
}
type ViewModule = {
  readonly ArrayView: new (input: object, format: object, complete: true, updateTtl: () => void) => View
}
type BuilderModule = { buildPipeline(query: object, delegate: Delegate, id: string): object }
type Delegate = {
  getSource(): Source
  createStorage(): object
  decorateInput(input: object): object
  decorateSourceInput(input: object): object
  decorateFilterInput(input: object): object
  addEdge(): void
}
type StorageModule = { readonly MemoryStorage: new () => object }
type ChangeModule = {
  makeSourceChangeAdd(row: BenchItem): unknown
  makeSourceChangeEdit(row: BenchItem, old: BenchItem): unknown
}
