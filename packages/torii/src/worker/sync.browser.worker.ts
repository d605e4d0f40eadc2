/// <reference lib="webworker" />
// The file a browser's worker runs: see SyncWorkerOptions.
import type { TabEnvironment } from '@freshet/core'
import { changes, indexes, openIndexedDbStore, packs } from '@freshet/storage/indexeddb'
import { openWorldCore } from '../client/world-core.ts'
import type { ToSyncWorker } from './messages.ts'
import { serveSync } from './serve-sync.ts'

// A dedicated worker is what this file is for.
const scope = self as unknown as DedicatedWorkerGlobalScope

serveSync(
  {
    post: (message) => scope.postMessage(message),
    listen(listener) {
      // The page's end posts nothing else.
      scope.addEventListener('message', (event: MessageEvent<ToSyncWorker>) => listener(event.data))
    },
    close: () => scope.close(),
  },
  {
    openStore: (name, tables) => openIndexedDbStore({ name, tables, indexes, changes, packs }),
    // Locks are there in secure contexts only; elsewhere each tab synchronises for itself.
    tabs: 'locks' in navigator ? tabsOf : undefined,
    turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
    // One file, so that hosts can bundle it in any way.
    loadCore: async () => openWorldCore,
  },
)

/** One world in two databases has two leaders. */
function tabsOf(database: string): TabEnvironment {
  const { locks } = navigator
  return {
    locks: { request: (name, options, held) => locks.request(`${name}:${database}`, options, held) },
    openChannel: (name) => new BroadcastChannel(`${name}:${database}`),
  }
}
