import { expect, test } from 'vitest'
import type { Row } from '@freshet/core'
import type { Master, MasterChange, WatchOptions } from '../master.ts'
import { doc, marty, op, seed, type RunWithFixture } from './contract-fixture.ts'

/** Watching: what a driver that pushes must report. */
export function testWatch(withFixture: RunWithFixture): void {
  const withPush = (body: Parameters<RunWithFixture>[0]): (() => Promise<void>) =>
    withFixture(async (fixture) => {
      if (fixture.client.capabilities.push !== 'none') await body(fixture)
    })

  test(
    '[TB23] after live, the changes lead from the old rows to the new ones',
    withPush(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      const watcher = watch(client)
      expect(await watcher.next()).toMatchObject({ kind: 'live' })
      await client.insert('jennifer', { name: 'Jennifer' }, op())
      await client.patch('marty', { set: { visits: 4 }, unset: ['email'] }, op())
      await client.replace('doc', { name: 'Emmett' }, op())
      await client.delete('biff', op())
      await watcher.untilEqual()
      await client.deleteAll({ op: 'eq', field: 'name', value: 'Emmett' }, op())
      await watcher.untilEqual()
      watcher.stop()
    }),
  )
  test(
    '[TB23] a watch of a view reports a row that leaves the view',
    withPush(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      const watcher = watch(client.withFilter({ op: 'eq', field: 'paying', value: true }))
      await watcher.next()
      await client.patch('marty', { set: { paying: false } }, op())
      expect(await watcher.next()).toMatchObject({ id: 'marty' })
      watcher.stop()
    }),
  )
  test(
    '[TB23] no change of another table is reported',
    withPush(async ({ client, order }) => {
      const watcher = watch(client)
      await watcher.next()
      await order.insert('order1', { note: 'of another table' }, op())
      await client.insert('marty', marty, op())
      expect(await watcher.next()).toMatchObject({ id: 'marty' })
      watcher.stop()
    }),
  )
  test(
    '[TB24] the signal ends a watch, at once and cleanly',
    withPush(async ({ client }) => {
      const watcher = watch(client)
      await watcher.next()
      const waiting = watcher.next()
      watcher.stop()
      expect(await waiting).toBeUndefined()
      const early = watch(client, { signal: AbortSignal.abort() })
      expect(await early.next()).toBeUndefined()
    }),
  )
  test(
    '[TB24] closing the database ends a watch',
    withPush(async ({ database, client }) => {
      const watcher = watch(client)
      await watcher.next()
      const ended = watcher.next().catch(() => undefined)
      await database.close()
      expect(await ended).toBeUndefined()
    }),
  )
  test(
    '[TB25] changes of our own writes carry the operation id, and versions rise, where declared',
    withPush(async ({ client }) => {
      const { opEcho, versions } = client.capabilities
      const watcher = watch(client)
      await watcher.next()
      const first = op()
      const second = op()
      await client.insert('marty', marty, first)
      await client.patch('marty', { set: { visits: 4 } }, second)
      const changes = [await watcher.next(), await watcher.next()]
      const ops = changes.map((change) => (change !== undefined && 'op' in change ? change.op : undefined))
      const seen = changes.map((change) => (change?.kind === 'upsert' ? change.version : undefined))
      expect(ops).toEqual(opEcho ? [first.opId, second.opId] : ops)
      expect(versions ? Number(seen[1]) : 1).toBeGreaterThan(versions ? Number(seen[0]) : 0)
      watcher.stop()
    }),
  )
  test(
    '[TB26] a resumed watch reports all that happened after its cursor',
    withPush(async (fixture) => {
      const { client } = fixture
      if (!client.capabilities.resumable) return
      await seed(fixture)
      const before = watch(client)
      const live = await before.next()
      await client.patch('marty', { set: { visits: 4 } }, op())
      const seen = await before.next()
      before.stop()
      await client.insert('jennifer', { name: 'Jennifer' }, op())
      await client.delete('biff', op())
      const from = seen?.kind === 'upsert' || seen?.kind === 'touched' ? seen.cursor : undefined
      expect(live?.kind).toBe('live')
      const resumed = watch(client, { from })
      expect(await resumed.next()).toEqual({ kind: 'resumed' })
      const missed: MasterChange[] = []
      for (let change = await resumed.next(); change?.kind !== 'live'; change = await resumed.next()) {
        if (change !== undefined) missed.push(change)
      }
      expect(missed).toMatchObject([{ id: 'jennifer' }, { id: 'biff', kind: 'delete' }])
      resumed.stop()
    }),
  )
  test(
    '[TB26] a watch that cannot go on from its cursor does not say resumed',
    withPush(async ({ client }) => {
      const watcher = watch(client, { from: 'no such cursor' })
      expect(await watcher.next()).toMatchObject({ kind: 'live' })
      await client.insert('doc', doc, op())
      expect(await watcher.next()).toMatchObject({ id: 'doc' })
      watcher.stop()
    }),
  )
}

type Watcher = {
  /** The next change; `undefined` at the end of the watch. */
  next(): Promise<MasterChange | undefined>
  /** Takes changes until the rows they lead to are the rows of the table. */
  untilEqual(): Promise<void>
  stop(): void
}

function watch(master: Master, options: Partial<WatchOptions> = {}): Watcher {
  const controller = new AbortController()
  const iterator = master.watch({ signal: controller.signal, ...options })[Symbol.asyncIterator]()
  const changed = new Map<string, Row | undefined>()
  const next = async (): Promise<MasterChange | undefined> => {
    const result = await iterator.next()
    return result.done === true ? undefined : result.value
  }
  const take = async (): Promise<void> => {
    const change = await next()
    if (change === undefined) throw new Error('the watch ended')
    if (change.kind === 'upsert') changed.set(change.id, change.row)
    if (change.kind === 'delete') changed.set(change.id, undefined)
    if (change.kind === 'touched') changed.set(change.id, (await master.get([change.id]))[0]?.[1])
  }
  return {
    next,
    async untilEqual() {
      await take()
      while (!(await leadsToTable(master, changed))) await take()
    },
    stop: () => controller.abort(),
  }
}

async function leadsToTable(master: Master, changed: ReadonlyMap<string, Row | undefined>): Promise<boolean> {
  const ids = [...changed.keys()]
  const rows = new Map((await master.get(ids)).map(([id, row]) => [id, row]))
  return ids.every((id) => {
    try {
      expect(changed.get(id)).toStrictEqual(rows.get(id))
      return true
    } catch {
      return false
    }
  })
}
