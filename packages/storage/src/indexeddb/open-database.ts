import type { Clock, FreshetError } from '@freshet/core'
import { storageError } from '../errors.ts'
import { booksName, layouts, notKept, stateKey, type ObjectStoreSpec, type State } from './database.ts'
import { blockedError, indexedDbError, unavailableError } from './indexeddb-errors.ts'
import { abortQuietly, brought } from './requests.ts'

export type OpenedDatabase = {
  readonly database: IDBDatabase
  /** Why the connection was closed by others, once it was. */
  lost: string | undefined
}

export type DatabaseOptions = {
  readonly name: string
  readonly stores: readonly ObjectStoreSpec[]
  /** The newest that can be read. */
  readonly layout: State['layout']
  /** How long an upgrade waits for other tabs to let go. */
  readonly blockedTimeoutMs: number
  readonly clock: Clock
}

/** Opens the database, upgrading it when the host declares other tables than it has. */
export async function openDatabase(options: DatabaseOptions): Promise<OpenedDatabase> {
  const { name } = options
  if (typeof indexedDB === 'undefined') throw unavailableError(name, 'there is no IndexedDB here')
  let version: number | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      const opened = await connect(options, version)
      const { database } = opened
      if (await isUpToDate(options, database)) return opened
      database.close()
      version = database.version + 1
    } catch (error) {
      // Two tabs may upgrade at once; the one that comes second finds the work done or does the rest.
      const isLate = error instanceof DOMException && error.name === 'VersionError'
      if (!isLate || attempt === 10) throw indexedDbError(name, error)
      version = undefined
    }
  }
}

async function connect(options: DatabaseOptions, version: number | undefined): Promise<OpenedDatabase> {
  const { name, blockedTimeoutMs, clock } = options
  let refusal: unknown
  let stopWaiting = (): void => {}
  const { promise: blocked, reject: refuse } = Promise.withResolvers<never>()
  const request = indexedDB.open(name, version)
  request.onupgradeneeded = () => {
    const { transaction, result } = request
    if (transaction === null) return
    // The open request fails with the transaction, and that is where the error is heard.
    upgrade(options, result, transaction).catch((error: unknown) => {
      refusal = error
      abortQuietly(transaction)
    })
  }
  request.onblocked = () => {
    // Also said of connections that are closing already, so it is worth waiting.
    stopWaiting = clock.schedule(() => refuse(blockedError(name)), blockedTimeoutMs)
  }
  const opening = brought(request).then((database) => {
    const opened: OpenedDatabase = { database, lost: undefined }
    database.onversionchange = ({ newVersion }) => {
      opened.lost ??= newVersion === null ? 'its database was deleted' : 'another tab changed its tables'
      // Letting go at once, else the other tab waits for us for ever.
      database.close()
    }
    database.onclose = () => (opened.lost ??= 'the browser closed its connection')
    return opened
  })
  try {
    return await Promise.race([opening, blocked])
  } catch (error) {
    // When it opens after all, nobody is waiting for it any more.
    opening.then(({ database }) => database.close()).catch(() => {})
    throw refusal ?? error
  } finally {
    stopWaiting()
  }
}

/**
 * Makes the database what the host declares, in the one transaction that
 * changes its version: interrupted, it leaves all as it was [T8].
 */
async function upgrade(
  { name, stores }: DatabaseOptions,
  database: IDBDatabase,
  transaction: IDBTransaction,
): Promise<void> {
  const { objectStoreNames } = database
  if (!objectStoreNames.contains(booksName)) {
    if (objectStoreNames.length > 0) throw foreignError(name)
    const state: State = { layout: layouts.loose, seq: 0, term: 0, resetSeq: 0 }
    database.createObjectStore(booksName).put(state, stateKey)
  }
  for (const spec of stores) {
    const { storeName, keyPath, indexPaths } = spec
    const isThere = objectStoreNames.contains(storeName)
    const records = isThere
      ? transaction.objectStore(storeName)
      : database.createObjectStore(storeName, { keyPath })
    if (isThere && hasIndexes(records, spec)) continue
    for (const index of [...records.indexNames]) records.deleteIndex(index)
    await spec.rekey?.(records)
    for (const [index, path] of indexPaths) records.createIndex(index, path)
  }
}

/** @throws {FreshetError} `storage/foreign`; `storage/layout` for a newer one; `storage/not-kept` for one with packs. */
async function isUpToDate(
  { name, stores, layout }: DatabaseOptions,
  database: IDBDatabase,
): Promise<boolean> {
  const { objectStoreNames } = database
  if (!objectStoreNames.contains(booksName)) throw foreignError(name)
  const transaction = database.transaction([...objectStoreNames])
  const hasAll = stores.every(
    (spec) =>
      objectStoreNames.contains(spec.storeName) && hasIndexes(transaction.objectStore(spec.storeName), spec),
  )
  // Written by `upgrade`.
  const state = (await brought(transaction.objectStore(booksName).get(stateKey))) as State | undefined
  if (state === undefined || state.layout <= layout) return hasAll
  if (state.layout === layouts.packed) throw notKept('packs')
  throw storageError(
    'storage/layout',
    `The store ${name} is of a newer Freshet. Upgrade Freshet, or reload the page.`,
  )
}

function hasIndexes({ indexNames }: IDBObjectStore, { indexPaths }: ObjectStoreSpec): boolean {
  return indexNames.length === indexPaths.size && [...indexNames].every((name) => indexPaths.has(name))
}

/** Another program's database under this name. */
function foreignError(name: string): FreshetError {
  return storageError('storage/foreign', `The store ${name} is of another program. Give another name.`)
}
