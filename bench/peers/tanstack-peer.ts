import type { BenchItem, Change } from '../core/workload.ts'
import { importPeer } from './install-peers.ts'
import type { Peer } from './peer.ts'

/** TanStack DB with an ordered index on what the query sorts and filters by. */
export async function openTanStack(): Promise<Peer> {
  // What is used is declared at the end; a peer of another shape fails on its first use.
  const db = (await importPeer('@tanstack/db/dist/esm/index.js')) as TanStack
  let sync: Sync | undefined
  const items = db.createCollection({
    id: 'items',
    getKey: (row: BenchItem) => row.id,
    sync: { sync: (given: Sync) => void (sync = given) },
    startSync: true,
    gcTime: 0,
    autoIndex: 'eager',
    defaultIndexType: db.BTreeIndex,
  })
  items.createIndex((row) => row['score'], { indexType: db.BTreeIndex })
  items.createIndex((row) => row['status'], { indexType: db.BTreeIndex })
  const live = db.createLiveQueryCollection({
    startSync: true,
    query: (q) =>
      q
        .from({ item: items })
        .where(({ item }) => db.and(db.eq(item?.['status'], 'open'), db.gt(item?.['score'], 2 ** 29)))
        .orderBy(({ item }) => item?.['score'], 'desc')
        .limit(50),
  })
  let window: readonly BenchItem[] = []
  live.subscribeChanges(() => {
    window = live.toArray
  })
  let pending: Transaction | undefined

  return {
    setUp: 'BTreeIndex on score and status, autoIndex eager',
    tiesById: false,
    async load(rows) {
      sync?.begin()
      for (const row of rows) sync?.write({ type: 'insert', value: row })
      sync?.commit()
      sync?.markReady()
      await live.preload()
      window = live.toArray
    },
    apply({ row }) {
      sync?.begin()
      sync?.write({ type: 'update', value: row })
      sync?.commit()
    },
    optimistic: {
      show({ id, row }: Change) {
        const transaction = db.createTransaction({ autoCommit: false, mutationFn: async () => {} })
        // What a roll-back rejects with is no news here.
        transaction.isPersisted.promise.catch(() => {})
        transaction.mutate(() => {
          items.update(id, (draft) => Object.assign(draft, { score: row.score, status: row.status }))
        })
        pending = transaction
      },
      undo: () => pending?.rollback(),
    },
    window: () => window,
    close: () => {},
  }
}

type Expression = object | undefined
type Refs = Readonly<Record<string, Readonly<Record<string, Expression>> | undefined>>
type Sync = {
  begin(): void
  write(message: { readonly type: 'insert' | 'update'; readonly value: BenchItem }): void
  commit(): void
  markReady(): void
}
type Items = {
  createIndex(of: (row: Readonly<Record<string, Expression>>) => Expression, options: object): unknown
  update(id: string, change: (draft: object) => void): void
}
type Live = {
  subscribeChanges(listener: () => void): void
  preload(): Promise<void>
  readonly toArray: readonly BenchItem[]
}
type Builder = {
  from(source: object): Builder
  where(condition: (refs: Refs) => Expression): Builder
  orderBy(of: (refs: Refs) => Expression, direction: 'desc'): Builder
  limit(count: number): Builder
}
type Transaction = {
  mutate(work: () => void): void
  rollback(): void
  readonly isPersisted: { readonly promise: Promise<unknown> }
}
type TanStack = {
  readonly BTreeIndex: unknown
  createCollection(options: object): Items
  createLiveQueryCollection(options: { startSync: boolean; query(builder: Builder): Builder }): Live
  createTransaction(options: { autoCommit: boolean; mutationFn(): Promise<void> }): Transaction
  and(a: Expression, b: Expression): Expression
  eq(a: Expression, b: unknown): Expression
  gt(a: Expression, b: unknown): Expression
}
