import { officialQuery, type OfficialClient } from '../official-query.ts'

// The page's other way: pages of the official client, written to IndexedDB by hand.

type OfficialAsked = {
  readonly toriiUrl: string
  readonly worldAddress: string
  readonly tag: string
  readonly pageRows: number
}

declare global {
  interface Window {
    /** Reads all pages into memory and writes their rows, a transaction for each page; milliseconds. */
    official(asked: OfficialAsked, database: string): Promise<number>
  }
}

window.official = async ({ toriiUrl, worldAddress, tag, pageRows }, database) => {
  // Bundled apart: it is installed on demand, and so are its types.
  const { ToriiGrpcClient } = (await import(new URL('/grpc.js', location.href).href)) as {
    ToriiGrpcClient: new (options: object) => OfficialClient
  }
  const start = performance.now()
  const client = new ToriiGrpcClient({ toriiUrl, worldAddress })
  const db = await openDatabase(database)
  const held = new Map<string, object>()
  for (let cursor: string | undefined, more = true; more; more = Boolean(cursor)) {
    const page = await client.getEntities(officialQuery(worldAddress, [tag], pageRows, cursor))
    const transaction = db.transaction('entities', 'readwrite', { durability: 'relaxed' })
    const store = transaction.objectStore('entities')
    for (const { hashed_keys: id, models } of page.items) {
      held.set(id, models)
      store.put(models, id)
    }
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
    cursor = page.next_cursor
  }
  db.close()
  return performance.now() - start
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1)
  return new Promise((resolve, reject) => {
    opening.onupgradeneeded = () => opening.result.createObjectStore('entities')
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
}
