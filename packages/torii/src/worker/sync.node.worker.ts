// The file a thread of Node runs: see SyncWorkerOptions.
import { parentPort } from 'node:worker_threads'
import { openSqliteStore } from '@freshet/storage/sqlite'
import type { ToSyncWorker } from './messages.ts'
import { serveSync } from './serve-sync.ts'

if (!parentPort) throw new TypeError('This file runs as a worker thread; give it to new Worker().')
const port = parentPort

serveSync(
  {
    post: (message) => port.postMessage(message),
    // The application's end posts nothing else.
    listen: (listener) => void port.on('message', (message: ToSyncWorker) => listener(message)),
    close: () => port.close(),
  },
  {
    openStore: (path, tables) => openSqliteStore({ path, tables }),
    turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
    loadCore: async () => (await import('../client/world-core.ts')).openWorldCore,
  },
)
