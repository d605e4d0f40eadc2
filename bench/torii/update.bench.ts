import { createReactiveClient, type ReactiveToriiClient, type ToriiEntity } from '@freshet/torii'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'
import { demoMembers, demoTag } from './filled-world.ts'
import { officialFolder, openOfficialStore } from './official-clients.ts'

const entities = 20_000
const updates = 50
const world = `0x${'1'.padStart(64, '0')}`

/**
 * One update of one entity among 20,000, from what was decoded until a listener has read it, against
 * `updateEntity` of `@dojoengine/state`, where that is installed. Commits to a disk are counted elsewhere.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const folder = officialFolder()
  if (folder === undefined) return []
  const ours = await openOurs()
  const theirs = await openTheirs(folder)
  let value = 1
  const perUpdate = async (update: (value: number) => Promise<void> | void): Promise<number> => {
    const start = performance.now()
    for (let done = 0; done < updates; done++) await update(value++)
    return ((performance.now() - start) * 1_000) / updates
  }
  const figures = await interleave({
    ours: () => perUpdate(ours.update),
    theirs: () => perUpdate(theirs),
  })
  await ours.close()
  const [here, there] = [median(figures.ours), median(figures.theirs)]
  return [
    benchRow({
      name: 'one update until the listener holds it, times as fast as @dojoengine/state',
      measured: there / here,
      bound: 100,
      better: 'higher',
      note: `${entities} entities each: ${here.toFixed(0)} µs here, ${there.toFixed(0)} µs there`,
    }),
  ]
}

const idOf = (index: number): string => `0x${(index + 1).toString(16).padStart(64, '0')}`
const rowOf = (index: number, x: number) => ({ player: idOf(index), vec: { x, y: 0 } })

function entityOf(index: number, x: number): ToriiEntity {
  return {
    ...{ id: idOf(index), executedAt: 1, worldAddress: world },
    models: [{ tag: demoTag, members: rowOf(index, x) }],
  }
}

async function openOurs() {
  const { client: transport, push } = pushedWorld()
  const client = await createReactiveClient({
    toriiUrl: 'http://torii',
    client: transport,
    manifest: { world: { address: world }, models: [{ tag: demoTag, selector: '0x1', class_hash: '0x1' }] },
  })
  await client.ready
  let holds = (_: number): void => {}
  client.entityUpdates.subscribe(({ ids }) => {
    const [id] = ids
    const vec = id === undefined ? undefined : client.get(demoTag, id)?.['vec']
    if (typeof vec === 'object' && vec !== null && 'x' in vec) holds(Number(vec.x))
  })
  return {
    update: (value: number): Promise<void> =>
      new Promise((resolve) => {
        holds = (x) => x === value && resolve()
        push(entityOf(value % entities, value))
      }),
    close: client.shutdown,
  }
}

/** A transport whose stream is fed here: what the network costs is not measured. */
function pushedWorld(): { readonly client: ReactiveToriiClient; push(entity: ToriiEntity): void } {
  let wake = (_: ToriiEntity): void => {}
  const unused = (): never => {
    throw new Error('Not asked for here.')
  }
  const client: ReactiveToriiClient = {
    version: async () => '1.8.16',
    worlds: unused,
    schemas: async () => ({
      known: [{ tag: demoTag, selector: '0x1', classHash: '0x1', members: demoMembers }],
      broken: [],
    }),
    entities: async ({ limit }) => ({
      entities: Array.from({ length: limit === 1 ? 1 : entities }, (_, index) => entityOf(index, 0)),
      next: undefined,
      lastBlock: undefined,
    }),
    async *subscribeEntities(_world, _models, signal) {
      yield { kind: 'subscribed' }
      while (!signal.aborted) {
        const next = new Promise<ToriiEntity | undefined>((resolve) => {
          wake = resolve
          signal.addEventListener('abort', () => resolve(undefined), { once: true })
        })
        const entity = await next
        if (entity) yield { kind: 'entity', entity }
      }
    },
    async *subscribeWorld(_world, signal) {
      yield {
        ...{ contractAddress: new Uint8Array(32), contractType: 0, head: 1n, lastBlockTimestamp: 1n },
        ...{ updatedAt: 1n, createdAt: 1n },
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    },
    records: unused,
    subscribeRecords: unused,
    changedBy: async () => undefined,
    entityCount: async () => undefined,
    entityIds: async () => undefined,
  }
  return { client, push: (entity) => wake(entity) }
}

async function openTheirs(folder: string): Promise<(value: number) => void> {
  const store = await openOfficialStore(folder)
  const entity = (index: number, x: number): object => ({
    entityId: idOf(index),
    models: { ns: { Position: rowOf(index, x) } },
  })
  const { setEntities, updateEntity, getEntity } = store.getState()
  setEntities(Array.from({ length: entities }, (_, index) => entity(index, 0)))
  let heard = 0
  store.subscribe(() => heard++)
  return (value) => {
    const before = heard
    updateEntity(entity(value % entities, value))
    if (heard === before || getEntity(idOf(value % entities)) === undefined)
      throw new Error('The update was not heard.')
  }
}
