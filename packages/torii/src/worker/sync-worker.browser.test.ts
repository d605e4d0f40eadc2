import { expect, inject, test } from 'vitest'
import type { ReactiveClientOptions } from '../client/client-options.ts'
import { createReactiveClient, type ReactiveClient } from '../client/reactive-client.ts'
import type { SyncTick } from '../client/sync-tick.ts'

const { url, manifest } = inject('torii')
const tag = 'ns-Position'

const startWorker = (): Worker =>
  new Worker(new URL('@freshet/torii/sync.browser.worker', import.meta.url), { type: 'module' })

function open(database: string, more: Partial<ReactiveClientOptions> = {}): Promise<ReactiveClient> {
  return createReactiveClient({
    toriiUrl: url,
    manifest,
    worker: { start: startWorker, database },
    fetch: () => Promise.reject(new Error('The page does not talk to the server.')),
    ...more,
  })
}

function moves(client: ReactiveClient): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = client.entityUpdates.subscribe(() => resolve())
  return promise.then(stop)
}

/** Resolves once a tick says so. */
function tells(client: ReactiveClient, holds: (tick: SyncTick) => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => (holds(client.getSyncStatus()) ? resolve() : undefined)
  const stop = client.syncStatus.subscribe(look)
  look()
  return promise.then(stop)
}

/** It has read from the server itself: only who synchronises knows the time of the newest change. */
function reads({ models }: SyncTick): boolean {
  return models.some(({ lastTimestamp }) => lastTimestamp !== undefined)
}

test('[TO30] in a browser a worker synchronises into IndexedDB, and a reload shows it before the network answers', async () => {
  const database = `torii-${crypto.randomUUID()}`
  const first = await open(database)
  await first.ready
  expect(first.query(tag)).toMatchObject({ complete: true })
  expect(first.query(tag).rows.length).toBe(1_200)
  await moves(first)
  await first.shutdown()

  // Nothing answers there.
  const again = await open(database, { toriiUrl: 'http://127.0.0.1:9' })
  const shown: number[] = []
  again.subscribe(tag, null, (rows) => shown.push(rows.length), { limit: 20 })
  await again.ready
  // Nothing yet, and then the first rows from the disk.
  expect(shown.slice(0, 2)).toEqual([0, 20])
  expect(again.query(tag).rows.length).toBe(1_200)
  expect(again.getSyncStatus().overall.state).not.toBe('streaming')
  await again.shutdown()
})

test('[TO29, TO30] of two tabs with workers one synchronises, and the other takes over', async () => {
  const database = `torii-${crypto.randomUUID()}`
  const workers: Worker[] = []
  const start = (): Worker => {
    const worker = startWorker()
    workers.push(worker)
    return worker
  }
  const leader = await open(database, { worker: { start, database } })
  await leader.ready
  // It could not synchronise by itself: what it shows the other has committed.
  const follower = await open(database, { toriiUrl: 'http://127.0.0.1:9' })
  await follower.ready
  expect(follower.query(tag).rows.length).toBe(1_200)
  await moves(follower)
  await follower.shutdown()

  // The same world in another database is another matter.
  const other = await open(`torii-${crypto.randomUUID()}`)
  await other.ready
  await other.shutdown()

  const heir = await open(database)
  await heir.ready
  // Told by the tab that synchronises, as is how far the indexer is.
  await tells(heir, ({ overall }) => overall.state === 'streaming' && overall.head !== undefined)
  expect(reads(heir.getSyncStatus())).toBe(false)
  // As a tab that is closed: nobody is told.
  workers[0]?.terminate()
  // What the first had committed may move it still, before it synchronises by itself.
  await tells(heir, (tick) => tick.overall.state === 'streaming' && reads(tick))
  await moves(heir)
  await heir.shutdown()
})
