import type { Master, MasterChange, MasterEntry, Stored, WatchOptions } from '../master.ts'

export type MasterVariety = {
  readonly versions: boolean
  readonly opEcho: boolean
  readonly returnedRow: boolean
  /** Changes name the row only. */
  readonly touchedOnly: boolean
  readonly lossless: boolean
  /** Filters and orders mean the same here as at the master. */
  readonly evaluates: boolean
}

/** A master of which some abilities are taken away, honestly declared. */
export function variedMaster(master: Master, variety: MasterVariety): Master {
  const entry = ([id, row, version]: MasterEntry): MasterEntry =>
    variety.versions ? [id, row, version] : [id, row]
  const stored = <T extends object>(result: T): T => {
    const { version: _, ...rest } = result as T & { version?: unknown }
    const { row: __, ...bare } = rest as { row?: unknown }
    // Only fields that the port calls optional are left out.
    if (!variety.returnedRow && (result as { kind?: unknown }).kind === 'stored') return bare as T
    return variety.versions ? result : (rest as T)
  }
  async function* watch(options: WatchOptions): AsyncGenerator<MasterChange> {
    for await (const change of master.watch(options)) yield told(change)
  }
  const told = (change: MasterChange): MasterChange => {
    if (change.kind === 'transaction') return { ...change, op: variety.opEcho ? change.op : undefined }
    if (change.kind !== 'upsert' && change.kind !== 'delete') return change
    if (variety.touchedOnly) return { kind: 'touched', id: change.id }
    return {
      ...change,
      version: variety.versions ? change.version : undefined,
      op: variety.opEcho ? change.op : undefined,
    }
  }
  return {
    ...master,
    capabilities: {
      ...master.capabilities,
      versions: variety.versions,
      opEcho: variety.opEcho,
      returnedRow: variety.returnedRow,
      push: variety.lossless ? 'lossless' : 'hint',
    },
    evaluates: variety.evaluates ? master.evaluates : { filter: () => false, order: () => false },
    list: async (query, signal) => {
      const page = await master.list(query, signal)
      return { ...page, rows: page.rows.map(entry) }
    },
    page: async (step, signal) => {
      const page = await master.page(step, signal)
      return { ...page, rows: page.rows.map(entry) }
    },
    get: async (ids, signal) => (await master.get(ids, signal)).map(entry),
    insert: async (id, row, write) => stored(await master.insert(id, row, write)),
    replace: async (id, row, write) => stored(await master.replace(id, row, write)),
    patch: async (id, patch, write) => stored(await master.patch(id, patch, write)),
    delete: async (id, write) => stored(await master.delete(id, write)),
    insertReturnId: async (row, write): Promise<Stored & { readonly id: string }> =>
      stored(await master.insertReturnId(row, write)),
    watch,
    withFilter: (filter) => variedMaster(master.withFilter(filter), variety),
  }
}
