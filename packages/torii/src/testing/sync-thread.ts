import { parentPort, workerData } from 'node:worker_threads'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { createReactiveClient } from '../client/reactive-client.ts'
import type { Manifest } from '../schema/manifest.ts'

/** What the test gives this thread. */
type Given = { readonly toriiUrl: string; readonly path: string; readonly manifest: Manifest }

// Made by the test beside it.
const { toriiUrl, path, manifest } = workerData as Given

const client = await createReactiveClient({
  toriiUrl,
  manifest,
  storageFactory: (tables) => openSqliteStore({ path, tables }),
  tabs: {
    // Alone among those that may lead.
    locks: { request: (_name, _options, held) => held(undefined) },
    openChannel: (name) => new BroadcastChannel(name),
  },
})
parentPort?.once('message', async () => {
  await client.shutdown()
  process.exit()
})
