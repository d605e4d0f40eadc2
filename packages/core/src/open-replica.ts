import type { RowFact } from './batch.ts'
import { readBooks, takeOver, type KeptBooks } from './kept-books.ts'
import { lead } from './lead.ts'
import { createReplicaOn, type Replica, type ReplicaOptions } from './replica.ts'
import { createReplicaCore, type ReplicaCore } from './replica-core.ts'
import { kernelStoreTables } from './replica-records.ts'
import type { TableSpec } from './replica-tables.ts'
import type { CommitSeq, Store, StoreTable } from './store.ts'
import type { Row } from './value.ts'

export type OpenReplicaOptions<F> = ReplicaOptions<F> & {
  readonly store: Store
  /**
   * `leader` (default) ends the leadership before it and commits what it applies.
   * `follower` shows what was committed and commits nothing; see `followStore`.
   */
  readonly role?: 'leader' | 'follower' | undefined
  /** Told after each commit, so that followers can be told. */
  readonly onCommitted?: ((seq: CommitSeq) => void) | undefined
}

/** Rows read from the store in one slice while loading. */
const loadedRows = 5_000

/**
 * A replica on a durable store: it stands where the run before stopped, with
 * all rows loaded, and commits what it applies.
 *
 * The store must have been opened with `storeTables(options.tables)`.
 *
 * @throws {FreshetError} `storage/*` as the store does.
 */
export async function openReplica<F = RowFact>(options: OpenReplicaOptions<F>): Promise<Replica<F>> {
  const { replica, loaded } = beginReplica(options)
  await loaded
  return replica
}

/**
 * As `openReplica`, at once: the replica is empty, and its rows are there, and
 * its listeners told, when `loaded` resolves. Until then nothing may be applied;
 * what is shown first can come from `readFirstWindow`.
 *
 * @param options.turn - Waited for between slices of rows, so that other work has its turn. Default: none has.
 */
export function beginReplica<F = RowFact>(
  options: OpenReplicaOptions<F> & { readonly turn?: (() => Promise<void>) | undefined },
): { readonly replica: Replica<F>; readonly loaded: Promise<void> } {
  const core = createReplicaCore(options)
  return { replica: createReplicaOn(core), loaded: load(core, options) }
}

async function load<F>(
  core: ReplicaCore<F>,
  options: OpenReplicaOptions<F> & { readonly turn?: (() => Promise<void>) | undefined },
): Promise<void> {
  const { store, role = 'leader', onCommitted, turn } = options
  const tables = core.tables.names()
  await turn?.()
  const term = role === 'leader' ? await store.takeTerm() : undefined
  // Before the rows: what is committed while they are read is pulled again.
  const books = await readBooks(core, { store })
  for (const table of tables) await loadRows(core, store, table, books, turn)
  takeOver(core, books)
  // What the run before held may have changed since.
  core.status.update({ role, freshness: { staleSinceUnixMs: core.freshAtUnixMs } })
  const disk = { store, onCommitted, seq: books.seq }
  core.disk = disk
  if (term !== undefined) lead(core, disk, term)
  for (const table of tables) core.tables.writer(table).notify()
}

/** The tables a store needs for a replica with these tables. */
export function storeTables(tables: readonly TableSpec[]): readonly StoreTable[] {
  return [
    ...tables.map(({ name, indexes }): StoreTable => ({ name, space: 'replica', indexes })),
    ...kernelStoreTables,
  ]
}

async function loadRows<F>(
  { tables, seq, epoch, origin }: ReplicaCore<F>,
  store: Store,
  table: string,
  { coverages, position, freshAtUnixMs }: KeptBooks,
  turn: (() => Promise<void>) | undefined,
): Promise<void> {
  // Of a table that is not held whole, not even a stream that goes on tells what was missed before [S3].
  const verified = coverages?.isWhole(table) || position !== origin
  const stamp = { seq, epoch: verified ? epoch : 0, nowUnixMs: freshAtUnixMs ?? 0 }
  const entries: [string, Row][] = []
  for await (const slice of store.scan(table, loadedRows)) {
    for (const { id, value } of slice) entries.push([id, value])
    await turn?.()
  }
  if (entries.length === 0) return
  const writer = tables.writer(table)
  writer.begin(entries.length)
  writer.load(entries, stamp)
  writer.settle()
}
