import {
  coverages,
  createOutbox,
  createSync,
  createTabGroup,
  openReplica,
  shareReplica,
  storeTables,
  type Operation,
  type TabMessage,
  type WriteTarget,
} from '@freshet/core'
import {
  createBrowserTabs,
  createSeededRandom,
  createToyTable,
  createVirtualClock,
  toyTable,
  type BrowserTabs,
  type ToyTable,
  type VirtualClock,
} from '@freshet/core/testing'
import { createMemoryDisk, openMemoryStore, type MemoryDisk } from '@freshet/storage/memory'
import { expect, test } from 'vitest'

const specs = [{ name: toyTable }]

type World = {
  readonly clock: VirtualClock
  readonly disk: MemoryDisk
  readonly tabs: BrowserTabs
  readonly remote: ToyTable
}

function createWorld(): World {
  return {
    clock: createVirtualClock(),
    disk: createMemoryDisk(),
    tabs: createBrowserTabs(),
    remote: createToyTable({ lossless: true }),
  }
}

/** One tab: its own replica, store handle, sync and outbox; nothing is shared but disk, locks and channels. */
async function openTab({ clock, disk, tabs, remote }: World) {
  const { locks, openChannel, crash } = tabs.openTab()
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const group = createTabGroup<TabMessage>({ name: 'world', locks, openChannel, onError })
  const store = await openMemoryStore({ tables: storeTables(specs), disk })
  const random = createSeededRandom(1)
  const replica = await openReplica({
    name: 'world',
    tables: specs,
    coverages,
    store,
    role: 'follower',
    clock,
    onCommitted: () => shared.committed(),
  })
  const sync = createSync({ replica, source: remote.source, clock, random })
  const target: WriteTarget = {
    async send({ edits }) {
      const [edited] = edits
      if (edited?.edit.kind !== 'replace') return { kind: 'confirmed', facts: [] }
      if (edited.edit.row['refuse']) return { kind: 'conflict', current: remote.rows().get(edited.id) }
      remote.put(edited.id, edited.edit.row)
      return {
        kind: 'confirmed',
        facts: [{ kind: 'put', table: toyTable, id: edited.id, row: edited.edit.row }],
      }
    },
    verify: async () => undefined,
  }
  const outbox = createOutbox({ replica, target, store, clock, random })
  const shared = shareReplica({ replica, tabs: group, sync, outbox, onError })
  return {
    replica,
    outbox,
    collection: replica.collection(toyTable),
    errors,
    crash,
    close: () => shared.close(),
  }
}

function write(id: string, row: { readonly [field: string]: number }, operationId = id): Operation {
  return {
    operationId,
    group: toyTable,
    request: {},
    edits: [{ table: toyTable, id, edit: { kind: 'replace', row } }],
    createdAtUnixMs: 0,
  }
}

test('[T10] one tab leads, the other follows what it commits', async () => {
  const world = createWorld()
  world.remote.put('a', { n: 1 })
  const first = await openTab(world)
  const second = await openTab(world)
  await world.clock.advance(100)
  expect(first.replica.status.get().role).toBe('leader')
  expect(second.replica.status.get()).toMatchObject({ role: 'follower', state: 'live' })
  expect(second.collection.get('a')).toEqual({ n: 1 })

  world.remote.put('a', { n: 2 })
  await world.clock.advance(100)
  expect(second.collection.get('a')).toEqual({ n: 2 })
  expect([...first.errors, ...second.errors]).toEqual([])
})

test('[T10] a follower hands its operation to the leader and never flashes back', async () => {
  const world = createWorld()
  world.remote.put('a', { n: 1 })
  await openTab(world)
  const second = await openTab(world)
  await world.clock.advance(100)
  const seen: unknown[] = []
  second.collection.subscribe(() => seen.push(second.collection.get('a')?.['n']))

  const { settled } = second.outbox.submit(write('a', { n: 7 }))
  expect(second.collection.get('a')).toEqual({ n: 7 })
  await world.clock.advance(100)
  expect(await settled).toMatchObject({ kind: 'confirmed' })
  expect(world.remote.rows().get('a')).toEqual({ n: 7 })
  expect(second.collection.get('a')).toEqual({ n: 7 })
  expect(second.collection.meta('a')?.pending).toBe(false)
  expect(new Set(seen)).toEqual(new Set([7]))
})

test('[T10] a refused operation of a follower is undone there, with its reason', async () => {
  const world = createWorld()
  world.remote.put('a', { n: 1 })
  await openTab(world)
  const second = await openTab(world)
  await world.clock.advance(100)
  const { settled } = second.outbox.submit(write('a', { n: 7, refuse: 1 }))
  await world.clock.advance(100)
  expect(await settled).toEqual({ kind: 'conflict', current: { n: 1 } })
  expect(second.collection.get('a')).toEqual({ n: 1 })
})

test.each(['close', 'crash'] as const)(
  '[T10] when the leader goes (%s), the follower takes over where it stopped',
  async (how) => {
    const world = createWorld()
    world.remote.put('a', { n: 1 })
    const first = await openTab(world)
    const second = await openTab(world)
    await world.clock.advance(100)
    if (how === 'close') await first.close()
    else first.crash()
    world.remote.put('a', { n: 2 })
    world.remote.put('b', { n: 3 })
    await world.clock.advance(100)
    expect(second.replica.status.get()).toMatchObject({ role: 'leader', state: 'live' })
    expect(Object.fromEntries(second.collection.entries())).toEqual({ a: { n: 2 }, b: { n: 3 } })

    const { settled } = second.outbox.submit(write('b', { n: 4 }))
    await world.clock.advance(100)
    expect(await settled).toMatchObject({ kind: 'confirmed' })
    expect(world.remote.rows().get('b')).toEqual({ n: 4 })
  },
)
