import type { StoredRecord } from './database.ts'
import { merged, packsFrom, putPack, runFeed, type Run } from './packed-runs.ts'

export type PackOptions = {
  /** Records of one pack, and how many a commit must bring of a table to be packed. */
  readonly packRows: number
  /** So many runs of one order of size become one. */
  readonly fanIn: number
}

/** Records in id order, some at a time. */
export type Slices = AsyncIterable<readonly StoredRecord[]> | Iterable<readonly StoredRecord[]>

type Packing = Pick<PackOptions, 'packRows'> & { readonly store: IDBObjectStore; readonly table: string }

/**
 * Makes one run of those of one order of size, where there are enough. What was
 * written again since is left out of it.
 *
 * @returns The runs of the table from then on.
 */
export async function mergeRuns(
  packing: Packing & PackOptions,
  runs: readonly Run[],
): Promise<readonly Run[]> {
  const { store, table, packRows, fanIn } = packing
  const orderOf = ({ rows }: Run): number =>
    Math.max(0, Math.floor(Math.log(rows / packRows) / Math.log(fanIn)))
  const alike = [...Map.groupBy(runs, orderOf).values()].find(({ length }) => length >= fanIn)
  if (!alike) return runs
  const feeds = alike.map(({ run }) => runFeed(store, { table, run, from: '', packsAtOnce: fanIn }))
  const whole = await putRun(packing, nextRun(runs), merged(feeds))
  for (const { run } of alike) store.delete(packsFrom(table, run))
  return [...runs.filter((run) => !alike.includes(run)), whole]
}

/** Puts records as packs that follow one another. */
export async function putRun({ store, table, packRows }: Packing, run: number, slices: Slices): Promise<Run> {
  let rows = 0
  let seq = 0
  let waiting: readonly StoredRecord[] = []
  const put = (records: readonly StoredRecord[]): void => {
    const last = records.at(-1)
    if (!last) return
    putPack(store, table, { run, last: last.id, records })
    rows += records.length
    seq = records.reduce((newest, record) => Math.max(newest, record.seq), seq)
  }
  for await (const slice of slices) {
    waiting = [...waiting, ...slice]
    for (; waiting.length >= packRows; waiting = waiting.slice(packRows)) put(waiting.slice(0, packRows))
  }
  put(waiting)
  return { run, rows, seq }
}

/** A number that no run of the table has. */
export function nextRun(runs: readonly Run[]): number {
  return 1 + runs.reduce((largest, { run }) => Math.max(largest, run), 0)
}
