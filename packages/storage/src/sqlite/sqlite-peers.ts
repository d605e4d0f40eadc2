import { systemClock, type Clock, type TabChannel, type TabEnvironment, type TabLocks } from '@freshet/core'
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { deserialize, serialize } from 'node:v8'

export type SqlitePeersOptions = {
  /** The file of the store that the processes share; files of ours stand beside it. */
  readonly path: string
  /** How often a process looks for messages of the others, and for a leader that is gone. Default 100. */
  readonly pollMs?: number | undefined
  /** How long a message waits, blocking its thread, for another process's. Default 2000. */
  readonly busyTimeoutMs?: number | undefined
  readonly clock?: Clock | undefined
  /** Told of what keeps messages from being read; they are looked for again. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/**
 * What lets processes share one store file as the tabs of a browser do: one
 * leads, the others follow what it commits and hand it their writes [ST20].
 *
 * The lead is a lock of the file system: it falls when its process dies, however
 * it dies. Messages are rows of a file beside the store, found by `PRAGMA
 * data_version`, which costs a few microseconds when there is none. Nothing
 * there must outlive the processes: deleting these files loses no data.
 *
 * Only for processes of one machine and one user: whoever may write these files may speak.
 */
export function createSqlitePeers(options: SqlitePeersOptions): TabEnvironment {
  return { locks: fileLocks(options), openChannel: (name) => openChannel(name, options) }
}

function fileLocks({ path, pollMs = 100, clock = systemClock }: SqlitePeersOptions): TabLocks {
  return {
    async request(name, { signal }, held) {
      // Not waiting in SQLite, which would block the thread.
      const database = new DatabaseSync(`${path}.${encodeURIComponent(name)}.lead`, { timeout: 0 })
      try {
        while (!takeLock(database)) {
          await pause(clock, pollMs, signal)
          signal.throwIfAborted()
        }
        await held({ name })
      } finally {
        database.close()
      }
    },
  }
}

/** The lock is an open transaction: closing the connection, or the process, ends it. */
function takeLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy
}

const sqliteBusy = 5

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.schedule(resolve, ms)
    signal.addEventListener('abort', () => (cancel(), resolve()), { once: true })
  })
}

/** Messages kept for a process that was slow to look; one still slower is told by the next commit. */
const keptMessages = 10_000

function openChannel(name: string, options: SqlitePeersOptions): TabChannel {
  const { path, pollMs = 100, busyTimeoutMs = 2_000, clock = systemClock, onError = () => {} } = options
  const database = new DatabaseSync(`${path}.peers`, { timeout: busyTimeoutMs })
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS message (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, sender TEXT NOT NULL, body BLOB NOT NULL
    );
  `)
  const own = randomUUID()
  const insert = database.prepare('INSERT INTO message (channel, sender, body) VALUES (?, ?, ?)')
  const prune = database.prepare('DELETE FROM message WHERE seq <= ?')
  const newer = database.prepare(
    'SELECT seq, sender, body FROM message WHERE channel = ? AND seq > ? ORDER BY seq',
  )
  const version = database.prepare('PRAGMA data_version')
  const listeners = new Set<(event: { readonly data: unknown }) => void>()
  let seen = Number(database.prepare('SELECT max(seq) AS seq FROM message').get()?.['seq'] ?? 0)
  let seenVersion = version.get()?.['data_version']

  const look = (): void => {
    const now = version.get()?.['data_version']
    if (now === seenVersion) return
    seenVersion = now
    for (const { seq, sender, body } of newer.all(name, seen)) {
      seen = Number(seq)
      if (sender === own || !(body instanceof Uint8Array)) continue
      // Written by postMessage below.
      const data: unknown = deserialize(body)
      for (const listener of listeners) listener({ data })
    }
  }
  let cancel = clock.schedule(lookOften, pollMs)
  function lookOften(): void {
    try {
      look()
    } catch (error) {
      onError(error)
    }
    if (database.isOpen) cancel = clock.schedule(lookOften, pollMs)
  }

  return {
    postMessage(message) {
      const { lastInsertRowid } = insert.run(name, own, serialize(message))
      if (Number(lastInsertRowid) % keptMessages === 0) prune.run(Number(lastInsertRowid) - keptMessages)
    },
    addEventListener: (_type, listener) => void listeners.add(listener),
    close() {
      cancel()
      if (database.isOpen) database.close()
    },
  }
}
