import { patchRow, rowsEqual, type Row } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createTestWorld, moves } from '../testing/test-world.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createReactiveClient } from './reactive-client.ts'
import type { OverlayHandle, OverlayOutcome } from './overlays.ts'

const timeoutMs = 3_000
const directions = ['Left', 'Right', 'Up', 'Down'] as const

/** A change that is pending, as the one who made it knows it. */
type Pending = {
  readonly payload: Row
  readonly handle: OverlayHandle
  readonly until: number
  /** Made while there was no entity: it shows one of its own until there is. */
  readonly isNew: boolean
}

/**
 * One player of whom the world changes two members all the time, and who comes
 * and goes, while moves are made, replaced, refused, rolled back and left to
 * expire: what shows is always the confirmed row with the pending move over it,
 * member by member.
 */
async function play(seed: number): Promise<ReadonlySet<OverlayOutcome | 'refused'>> {
  const world = createTestWorld(seed)
  const random = createSeededRandom(seed)
  const below = (bound: number): number => Math.floor(random.next() * bound)
  const row = { player: canonicalFelt(1), remaining: 1n, last_direction: 'Up' }
  const entityId = world.server.world.set(moves, row)
  const { clock, client: transport, manifest } = world
  const client = await createReactiveClient({
    ...{ toriiUrl: 'http://torii', clock, random: world.random, client: transport, manifest },
  })
  await world.pass(200)
  const seen = new Set<OverlayOutcome | 'refused'>()
  let pending: Pending | undefined
  let shown: Row | undefined
  client.subscribe(moves, null, (rows) => (shown = rows[0]))

  const submit = (payload: Row): void => {
    // Who faces down does not move.
    const guard = (row: Row): boolean =>
      Object.entries(payload).every(([member, value]) => row[member] === value) &&
      (payload['remaining'] === undefined || row['last_direction'] !== 'Down')
    try {
      const handle = client.mutate(moves, { entityId, ...payload }, { guard, timeoutMs })
      const isNew = world.server.world.rows(moves).get(entityId) === undefined
      const mine: Pending = { payload, handle, until: clock.now() + timeoutMs, isNew }
      pending = mine
      void handle.settled.then((outcome) => {
        seen.add(outcome)
        if (pending === mine) pending = undefined
      })
    } catch (error) {
      expect(error).toMatchObject({ code: 'torii/overlay-conflict' })
      seen.add('refused')
    }
  }
  for (let step = 0; step < 60; step++) {
    const chance = random.next()
    const remaining = BigInt(below(4))
    const direction = directions[below(4)] ?? 'Up'
    if (chance < 0.3) world.server.world.writeMember(moves, entityId, 'remaining', remaining)
    else if (chance < 0.5) world.server.world.writeMember(moves, entityId, 'last_direction', direction)
    else if (chance < 0.75) submit(random.next() < 0.5 ? { remaining } : { last_direction: direction })
    else if (chance < 0.8) pending?.handle.rollback()
    else if (chance < 0.84) world.server.world.delete(moves, entityId)
    else if (chance < 0.9) world.server.world.set(moves, { ...row, remaining })
    else await world.pass(below(4) * 1_000)
    await world.pass(100)
    const confirmed = world.server.world.rows(moves).get(entityId)
    const under = confirmed ?? (pending?.isNew ? {} : undefined)
    const expected = under && pending ? patchRow(under, pending.payload) : under
    expect(client.get(moves, entityId), `seed ${seed}, step ${step}`).toEqual(expected)
    expect(
      rowsEqual(shown ?? {}, expected ?? {}),
      `seed ${seed}, step ${step}: what a listener was told`,
    ).toBe(true)
    if (pending) expect(clock.now()).toBeLessThanOrEqual(pending.until + 200)
  }
  await world.pass(timeoutMs + 1_000)
  expect(client.get(moves, entityId)).toEqual(world.server.world.rows(moves).get(entityId))
  await client.shutdown()
  return seen
}

test('[TO22, TO23] under a running stream, moves are folded over what is confirmed, however they end', async () => {
  const seen = new Set<OverlayOutcome | 'refused'>()
  for (let seed = 1; seed <= 40; seed++) for (const each of await play(seed)) seen.add(each)
  expect([...seen].toSorted()).toEqual(['confirmed', 'refused', 'replaced', 'rolled-back', 'timed-out'])
})
