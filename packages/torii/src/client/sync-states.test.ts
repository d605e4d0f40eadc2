import { createBrowserTabs } from '@freshet/core/testing'
import { openMemoryStore } from '@freshet/storage/memory'
import { expect, test } from 'vitest'
import { noServerFaults } from '../test-server/server-faults.ts'
import { positionMembers } from '../testing/demo-models.ts'
import { createTestWorld, position, type TestWorld } from '../testing/test-world.ts'
import type { ReactiveClientOptions } from './client-options.ts'
import { createReactiveClient, type ReactiveClient } from './reactive-client.ts'

/** What a host can see: the state of the whole, and `retrying` where a model waits for the next attempt. */
type Seen = 'idle' | 'bootstrapping' | 'streaming' | 'retrying' | 'pausing' | 'halted'
type Event =
  | 'none'
  | 'streamEnds'
  | 'serverGoes'
  | 'serverComes'
  | 'pause'
  | 'resume'
  | 'reset'
  | 'upgrade'
  | 'minutesPass'
  | 'shutdown'

// A state or an event that is not listed does not compile. Each cell is what is seen within a second; where the
// server answers so slowly that nothing is read yet, that is `bootstrapping`.
const expected: Readonly<Record<Seen, Readonly<Record<Event, Seen>>>> = {
  idle: {
    none: 'idle',
    streamEnds: 'idle',
    serverGoes: 'idle',
    serverComes: 'idle',
    pause: 'idle',
    resume: 'idle',
    reset: 'idle',
    upgrade: 'idle',
    minutesPass: 'idle',
    shutdown: 'idle',
  },
  bootstrapping: {
    none: 'bootstrapping',
    streamEnds: 'bootstrapping',
    // It has not answered, and may yet.
    serverGoes: 'bootstrapping',
    serverComes: 'bootstrapping',
    pause: 'pausing',
    resume: 'bootstrapping',
    reset: 'bootstrapping',
    upgrade: 'bootstrapping',
    minutesPass: 'streaming',
    shutdown: 'idle',
  },
  streaming: {
    none: 'streaming',
    streamEnds: 'retrying',
    serverGoes: 'retrying',
    serverComes: 'streaming',
    pause: 'pausing',
    resume: 'streaming',
    reset: 'streaming',
    upgrade: 'halted',
    minutesPass: 'streaming',
    shutdown: 'idle',
  },
  retrying: {
    none: 'retrying',
    streamEnds: 'retrying',
    serverGoes: 'retrying',
    serverComes: 'streaming',
    pause: 'pausing',
    resume: 'retrying',
    reset: 'retrying',
    upgrade: 'retrying',
    minutesPass: 'retrying',
    shutdown: 'idle',
  },
  pausing: {
    none: 'pausing',
    streamEnds: 'pausing',
    serverGoes: 'pausing',
    serverComes: 'pausing',
    pause: 'pausing',
    resume: 'streaming',
    reset: 'streaming',
    upgrade: 'pausing',
    minutesPass: 'pausing',
    shutdown: 'idle',
  },
  halted: {
    none: 'halted',
    streamEnds: 'halted',
    serverGoes: 'halted',
    serverComes: 'halted',
    pause: 'pausing',
    resume: 'halted',
    reset: 'streaming',
    upgrade: 'halted',
    minutesPass: 'halted',
    shutdown: 'idle',
  },
}

type Scene = { readonly world: TestWorld; readonly client: ReactiveClient }

async function open(world: TestWorld, options: Partial<ReactiveClientOptions> = {}): Promise<Scene> {
  const { clock, random, client: transport, manifest } = world
  world.place(1, 1)
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random, client: transport, manifest },
    ...options,
  })
  return { world, client }
}

async function openLive(): Promise<Scene> {
  const scene = await open(createTestWorld())
  await scene.world.pass(500)
  return scene
}

const bring: Readonly<Record<Seen, () => Promise<Scene>>> = {
  async idle() {
    const waiting = await open(createTestWorld(), {
      storageFactory: (tables) => openMemoryStore({ tables }),
      // A tab whose turn does not come, beside one that says nothing.
      tabs: {
        locks: {
          request: (_name, { signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason), { once: true })
            }),
        },
        openChannel: createBrowserTabs().openTab().openChannel,
      },
    })
    await waiting.world.pass(500)
    return waiting
  },
  async bootstrapping() {
    const world = createTestWorld()
    world.server.setFaults({ ...noServerFaults, maxLatencyMs: 20_000 })
    const scene = await open(world)
    await world.pass(100)
    return scene
  },
  streaming: openLive,
  async retrying() {
    const scene = await openLive()
    scene.world.server.setOutage(true)
    await scene.world.pass(100)
    return scene
  },
  async pausing() {
    const scene = await openLive()
    await scene.client.pause()
    return scene
  },
  async halted() {
    const scene = await openLive()
    await happen.upgrade(scene)
    await scene.world.pass(5_000)
    return scene
  },
}

const happen: Readonly<Record<Event, (scene: Scene) => Promise<void> | void>> = {
  none() {},
  streamEnds: ({ world }) => world.server.cut('clean'),
  serverGoes: ({ world }) => world.server.setOutage(true),
  async serverComes({ world }) {
    world.server.setOutage(false)
    await world.pass(5_000)
  },
  pause: ({ client }) => client.pause(),
  resume: ({ client }) => client.resume(),
  async reset({ client }) {
    // A tab that waits cannot.
    await client.reset().catch((error: unknown) => expect(error).toMatchObject({ code: 'torii/not-leading' }))
  },
  async upgrade({ world }) {
    const extra = { name: 'z', key: false, type: { kind: 'primitive', scalar: 'u8' } } as const
    world.server.world.declare(position, [...positionMembers, extra])
    world.server.cut('clean')
    await world.pass(5_000)
  },
  async minutesPass({ world }) {
    // However slow the server was.
    world.server.setFaults(noServerFaults)
    await world.pass(180_000)
  },
  shutdown: ({ client }) => client.shutdown(),
}

function seen(client: ReactiveClient): string {
  const { overall, models } = client.getSyncStatus()
  return models[0]?.status === 'retrying' ? 'retrying' : overall.state
}

for (const [state, cells] of Object.entries(expected)) {
  test.each(Object.entries(cells))(`[TO27] ${state}, %s: %s`, async (event, next) => {
    // The keys of the tables above are their states and events.
    const scene = await bring[state as Seen]()
    await happen[event as Event](scene)
    await scene.world.pass(900)
    expect(seen(scene.client)).toBe(next)
    await scene.client.shutdown()
    scene.world.server.close()
  })
}
