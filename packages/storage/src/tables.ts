import {
  usageError,
  type Commit,
  type Space,
  type StoreIndex,
  type StoreTable,
  type Term,
} from '@freshet/core'

/** The tables a store was opened with, checked and by name. */
export type TableSet = ReadonlyMap<string, StoreTable>

/**
 * Checks a list of tables and keys it by name.
 *
 * @throws {FreshetError} `storage/tables` (usage): a name twice.
 */
export function tableSet(tables: readonly StoreTable[]): TableSet {
  const byName = new Map<string, StoreTable>()
  for (const table of tables) {
    if (byName.has(table.name)) throw usageError('storage/tables', `Table "${table.name}" is declared twice.`)
    byName.set(table.name, table)
  }
  return byName
}

/**
 * As `tableSet`, for a store that keeps indexes.
 *
 * @throws {FreshetError} `storage/tables` (usage): a name twice, or an index without fields.
 */
export function indexedTableSet(tables: readonly StoreTable[]): TableSet {
  const byName = tableSet(tables)
  tables.forEach(checkIndexes)
  return byName
}

/** @throws {FreshetError} `storage/tables` (usage): a name twice, or an index without fields. */
export function checkIndexes({ name: table, indexes = [] }: StoreTable): void {
  const refuse = (index: string, why: string): never => {
    throw usageError('storage/tables', `Index "${index}" of table "${table}" ${why}.`)
  }
  for (const [at, { name, fields }] of indexes.entries()) {
    if (indexes.findIndex((other) => other.name === name) < at) refuse(name, 'is declared twice')
    if (fields.length === 0) refuse(name, 'has no fields')
  }
}

/** @throws {FreshetError} `storage/unknown-table` (usage): not among the tables of the open call. */
export function tableNamed<T extends StoreTable>(tables: ReadonlyMap<string, T>, name: string): T {
  const table = tables.get(name)
  if (table !== undefined) return table
  throw usageError('storage/unknown-table', `There is no table "${name}"; declare it when opening the store.`)
}

/** @throws {FreshetError} `storage/unknown-index` (usage): the table declares no such index. */
export function indexNamed(table: StoreTable, name: string): StoreIndex {
  const index = table.indexes?.find((each) => each.name === name)
  if (index !== undefined) return index
  throw usageError(
    'storage/unknown-index',
    `Table "${table.name}" has no index "${name}"; declare it when opening the store.`,
  )
}

/** What a commit touches, found before anything is written. */
export type CommitScope = {
  readonly touchesIntent: boolean
  readonly clearsReplica: boolean
}

/**
 * Checks a commit against the tables.
 *
 * @throws {FreshetError} `storage/unknown-table`; `storage/id`; `storage/term` when
 *   a commit to a replica table is made under no term [T9]. All are `usage`.
 */
export function commitScope(tables: TableSet, commit: Commit, term: Term | undefined): CommitScope {
  const spaceOf = (name: string): Space => tableNamed(tables, name).space
  const cleared = new Set(commit.clear?.map(spaceOf))
  const touched = new Set(cleared)
  for (const { table, id } of commit.writes) {
    if (typeof id !== 'string') throw badId(table, id)
    touched.add(spaceOf(table))
  }
  if (term === undefined && touched.has('replica')) {
    throw usageError('storage/term', 'A commit to a replica table needs the term of takeTerm().')
  }
  return { touchesIntent: touched.has('intent'), clearsReplica: cleared.has('replica') }
}

/** Types forbid it, but a driver may hand over what a remote calls an id. */
function badId(table: string, id: never): Error {
  return usageError('storage/id', `Table "${table}" was given the id ${String(id)}, which is no text.`)
}

/** @throws {FreshetError} `storage/append` (usage): the table belongs to the replica space. */
export function intentTableNamed<T extends StoreTable>(tables: ReadonlyMap<string, T>, name: string): T {
  const table = tableNamed(tables, name)
  if (table.space === 'intent') return table
  throw usageError('storage/append', `Table "${name}" is a replica table; append() takes intent tables.`)
}

/** The key of an appended record: the commit's number, padded so that text order is append order [T10]. */
export function appendKey(seq: number): string {
  return String(seq).padStart(16, '0')
}
