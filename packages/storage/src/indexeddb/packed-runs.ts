import type { CommitSeq } from '@freshet/core'
import type { StoredRecord } from './database.ts'
import { newestById } from './newest-by-id.ts'
import { brought } from './requests.ts'

/** Many records of a table in one, in id order. */
type Pack = {
  readonly run: number
  /** No id in it is larger, and none of those behind it in its run is smaller. */
  readonly last: string
  readonly records: readonly StoredRecord[]
}

/** Packs that follow one another in id order, with an id once at most. */
export type Run = {
  readonly run: number
  readonly rows: number
  /** The newest number of its records. */
  readonly seq: CommitSeq
}

/** The runs of a table lie beside its packs, under the number of no run. */
type Directory = { readonly runs: readonly Run[] }

/** Records in id order, some at a time; none at their end. */
type Feed = () => Promise<readonly StoredRecord[]>

export async function readRuns(packs: IDBObjectStore, table: string): Promise<readonly Run[]> {
  // Written by `writeRuns` alone.
  const directory = (await brought(packs.get([table, 0, '']))) as Directory | undefined
  return directory?.runs ?? []
}

export function writeRuns(packs: IDBObjectStore, table: string, runs: readonly Run[]): void {
  const directory: Directory = { runs }
  packs.put(directory, [table, 0, ''])
}

/**
 * Puts a pack under its table, run and last id. The key lies outside: to find it inside, or to keep an index,
 * a browser would read the whole pack once more.
 */
export function putPack(packs: IDBObjectStore, table: string, pack: Pack): void {
  packs.put(pack, [table, pack.run, pack.last])
}

/** The packs of a run, from the first that may hold an id on. */
export function packsFrom(table: string, run: number, id = '', isBehind = false): IDBKeyRange {
  // To IndexedDB a list is behind every text.
  return IDBKeyRange.bound([table, run, id], [table, run, []], isBehind)
}

/** The records of a run from an id on. */
export function runFeed(
  packs: IDBObjectStore,
  { table, run, from, packsAtOnce }: { table: string; run: number; from: string; packsAtOnce: number },
): Feed {
  let keys = packsFrom(table, run, from)
  return async () => {
    for (;;) {
      // Written by `putPack` alone; the directory is of another run.
      const found = (await brought(packs.getAll(keys, packsAtOnce))) as Pack[]
      const end = found.at(-1)
      if (!end) return []
      keys = packsFrom(table, run, end.last, true)
      const records = found.flatMap((pack) => pack.records).filter(({ id }) => id >= from)
      if (records.length > 0) return records
    }
  }
}

/** The records that lie by themselves, from an id on. */
export function looseFeed(records: IDBObjectStore, from: string, atOnce: number): Feed {
  let keys = IDBKeyRange.bound(from, [])
  return async () => {
    // Written by this store alone.
    const found = (await brought(records.getAll(keys, atOnce))) as StoredRecord[]
    const end = found.at(-1)
    if (end) keys = IDBKeyRange.bound(end.id, [], true)
    return found
  }
}

/** All records of some feeds in id order, of each id the newest. */
export async function* merged(feeds: readonly Feed[]): AsyncGenerator<readonly StoredRecord[]> {
  let parts = feeds.map((next): Part => ({ next, held: [] }))
  for (;;) {
    await Promise.all(parts.map(refill))
    parts = parts.filter(({ held }) => held.length > 0)
    // Up to the first of their ends every feed was read.
    const [end] = parts.flatMap(({ held }) => held.at(-1)?.id ?? []).toSorted()
    if (end === undefined) return
    const due = parts.flatMap((part) => takeUpTo(part, end))
    yield parts.length === 1 ? due : [...newestById(due).values()].sort(byId)
  }
}

/** What was read of a feed and is not taken yet. */
type Part = { readonly next: Feed; held: readonly StoredRecord[] }

async function refill(part: Part): Promise<void> {
  if (part.held.length === 0) part.held = await part.next()
}

function takeUpTo(part: Part, end: string): readonly StoredRecord[] {
  const { held } = part
  const beyond = held.findIndex(({ id }) => id > end)
  part.held = beyond < 0 ? [] : held.slice(beyond)
  return beyond < 0 ? held : held.slice(0, beyond)
}

/** The packs of some runs that may hold some ids. */
export async function packsAround(
  packs: IDBObjectStore,
  table: string,
  runs: readonly Run[],
  ids: readonly string[],
): Promise<readonly Pack[]> {
  const sorted = ids.toSorted()
  const found = await Promise.all(runs.map(({ run }) => packsOfRun(packs, table, run, sorted)))
  return found.flat()
}

async function packsOfRun(
  packs: IDBObjectStore,
  table: string,
  run: number,
  sortedIds: readonly string[],
): Promise<readonly Pack[]> {
  const found: Pack[] = []
  for (const id of sortedIds) {
    const before = found.at(-1)
    if (before && id <= before.last) continue
    // Written by `putPack` alone.
    const pack = (await brought(packs.get(packsFrom(table, run, id)))) as Pack | undefined
    if (!pack) break
    found.push(pack)
  }
  return found
}

export function byId(a: StoredRecord, b: StoredRecord): number {
  return a.id < b.id ? -1 : 1
}
