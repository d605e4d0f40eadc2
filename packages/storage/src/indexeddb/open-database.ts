import type { Clock } from '@freshet/core'
import { openDB, type IDBPTransaction, type StoreNames } from 'idb'
import type { TableSet } from '../tables.ts'
import { onlyKey, type Catalog, type Database, type StoreSchema } from './database.ts'
import { abortQuietly, blockedError, indexedDbError, unavailableError } from './indexeddb-errors.ts'
import { checkedCatalog, foreignError, isUpToDate, upgrade } from './upgrade.ts'

export type OpenedDatabase = {
  readonly database: Database
  readonly catalog: Catalog
  /** Why the connection was closed by others, once it was. */
  lost(): string | undefined
}

export type Patience = {
  /** How long an upgrade waits for other tabs to let go. */
  readonly blockedTimeoutMs: number
  readonly clock: Clock
}

/** Opens the database, upgrading it when the host declares other tables than it has. */
export async function openDatabase(
  name: string,
  tables: TableSet,
  patience: Patience,
): Promise<OpenedDatabase> {
  if (typeof indexedDB === 'undefined') throw unavailableError(name, 'this environment has no IndexedDB')
  // Two tabs may upgrade at once; the one that comes second finds the work done or does the rest.
  for (let attempt = 1; ; attempt++) {
    const opened = await connect(name, tables, undefined, patience)
    if (isUpToDate(opened.catalog, tables)) return opened
    const { version } = opened.database
    opened.database.close()
    try {
      return await connect(name, tables, version + 1, patience)
    } catch (error) {
      if (attempt === 5 || !isVersionError(error)) throw error
    }
  }
}

async function connect(
  name: string,
  tables: TableSet,
  version: number | undefined,
  { blockedTimeoutMs, clock }: Patience,
): Promise<OpenedDatabase> {
  let lost: string | undefined
  let refusal: unknown
  let stopWaiting = (): void => {}
  const { promise: blocked, reject: refuse } = Promise.withResolvers<never>()
  const opening = openDB<StoreSchema>(name, version, {
    async upgrade(database, _oldVersion, _newVersion, transaction) {
      refusal = await refusalOf(transaction, () => upgrade(name, database, transaction, tables))
    },
    blocked() {
      // Also said of connections that are closing already, so it is worth waiting.
      stopWaiting = clock.schedule(() => refuse(blockedError(name)), blockedTimeoutMs)
    },
    blocking(_current, newVersion, event) {
      lost ??= newVersion === null ? 'its database was deleted' : 'another tab changed its tables'
      // Letting go at once, else the other tab waits for us for ever.
      if (event.target instanceof IDBDatabase) event.target.close()
    },
    terminated() {
      lost ??= 'the browser closed its connection'
    },
  })
  try {
    const database = await Promise.race([opening, blocked])
    return { database, catalog: await readCatalog(name, database), lost: () => lost }
  } catch (error) {
    // When it opens after all, nobody is waiting for it any more.
    void opening.then((late) => late.close()).catch(() => {})
    throw isVersionError(error) ? error : indexedDbError(name, refusal ?? error)
  } finally {
    stopWaiting()
  }
}

type Upgrade = IDBPTransaction<StoreSchema, StoreNames<StoreSchema>[], 'versionchange'>

/** Runs an upgrade, and aborts its transaction and tells the error when it fails. */
async function refusalOf(transaction: Upgrade, work: () => Promise<void>): Promise<unknown> {
  // The open request fails with the transaction, and that is where it is heard.
  transaction.done.catch(() => {})
  try {
    await work()
    return undefined
  } catch (error) {
    abortQuietly(transaction)
    return error
  }
}

async function readCatalog(name: string, database: Database): Promise<Catalog> {
  if (!database.objectStoreNames.contains('catalog')) throw foreignError(name)
  return checkedCatalog(name, await database.get('catalog', onlyKey))
}

function isVersionError(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'VersionError'
}
