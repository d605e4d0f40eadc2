import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { expect, test } from 'vitest'
import { startDemoWorld } from '../testing/demo-world.ts'
import { createReactiveClient } from './reactive-client.ts'

test('[TO30] a thread synchronises while this one shows what it commits', async () => {
  const demo = await startDemoWorld({ players: 5 })
  const folder = await mkdtemp(join(tmpdir(), 'freshet-thread-'))
  const path = join(folder, 'world.db')
  const thread = new Worker(new URL('../testing/sync-thread.ts', import.meta.url), {
    workerData: { toriiUrl: demo.url, path, manifest: demo.manifest },
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  })
  const client = await createReactiveClient({
    toriiUrl: demo.url,
    manifest: demo.manifest,
    follow: true,
    fetch: () => Promise.reject(new Error('This thread does not talk to the server.')),
    storageFactory: (tables) => openSqliteStore({ path, tables }),
    tabs: {
      locks: { request: () => Promise.reject(new Error('This thread does not lead.')) },
      openChannel: (name) => new BroadcastChannel(name),
    },
  })
  await client.ready
  expect(client.query('ns-Position').rows.length).toBe(5)
  const moved = new Promise<void>((resolve) => {
    client.subscribe(
      'ns-Position',
      null,
      (rows) => rows.some((row) => row['player'] === `0x${'9'.padStart(64, '0')}`) && resolve(),
    )
  })
  demo.place(9, 9, 9)
  await moved
  await client.shutdown()
  const ended = new Promise((resolve) => thread.once('exit', resolve))
  thread.postMessage('end')
  await ended
  await demo.close()
  await rm(folder, { recursive: true, force: true })
})
