import { expect, test } from 'vitest'
import type { Ack, RowFact, StateBatch } from './batch.ts'
import { randomBelow, type Random } from './random.ts'
import { createReplica } from './replica.ts'
import { patch, put } from './testing/facts.ts'
import { createSeededRandom } from './testing/seeded-random.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import type { Row } from './value.ts'

/** A remote with one row: only we set its price, ever higher; others set its name. */
function createRemote(random: Random, versioned: boolean) {
  let row: Row = { price: 0, name: 'n0' }
  let version = 1
  const pushes: StateBatch[] = []
  let delivered = 0
  const tell = (set: Row, acks?: readonly Ack[]): void => {
    // A value-identical change has no echo.
    if (Object.entries(set).every(([field, value]) => row[field] === value)) return
    row = { ...row, ...set }
    version += 1
    const told = versioned ? version : undefined
    const facts = [randomBelow(random, 2) === 0 ? put('a', row, told) : patch('a', set, told)]
    pushes.push({ kind: 'state', startedAt: 'live', facts, acks })
  }
  return {
    get pushed() {
      return pushes.length
    },
    get delivered() {
      return delivered
    },
    takePush: () => pushes[delivered++],
    tell,
    read: (): RowFact => put('a', row, versioned ? version : undefined),
    get row() {
      return row
    },
  }
}

function runHistory(random: Random): void {
  const replica = createReplica({ name: 'r', tables: [{ name: toyTable }], clock: createVirtualClock() })
  const rows = replica.collection(toyTable)
  const versioned = randomBelow(random, 2) === 0
  const remote = createRemote(random, versioned)
  replica.apply({ kind: 'state', startedAt: 'live', facts: [remote.read()] })
  const prices: number[] = []
  rows.subscribe(() => prices.push(Number(rows.get('a')?.['price'])))
  const queue: { operationId: string; price: number }[] = []
  /** Replies and reads on their way: each arrives as it was when the remote answered. */
  const arriving: (() => void)[] = []
  let price = 0
  let sending = false

  const read = (answer: () => RowFact[], acks: Ack[] = []): void => {
    const open = replica.beginRead()
    const facts = answer()
    const pushedBefore = remote.pushed
    arriving.push(() => {
      // Without versions only the order of one connection says what is older.
      while (!versioned && remote.delivered < pushedBefore) steps.push()
      replica.apply({ kind: 'state', startedAt: open.startedAt, facts, acks })
      open.end()
      if (acks.length > 0) sending = false
    })
  }
  const steps = {
    write() {
      price += randomBelow(random, 2)
      const operationId = `op${queue.length}-${randomBelow(random, 1_000_000)}`
      queue.push({ operationId, price })
      replica.addLayer({ operationId, table: toyTable, id: 'a', edit: { kind: 'patch', set: { price } } })
    },
    send() {
      // The outbox sends the next one of a row when the one before is settled.
      const next = sending ? undefined : queue.shift()
      if (!next) return
      sending = true
      const acks = [{ operationId: next.operationId }]
      const tells = randomBelow(random, 3) > 0
      read(() => {
        remote.tell({ price: next.price }, randomBelow(random, 2) === 0 ? acks : undefined)
        return tells ? [remote.read()] : []
      }, acks)
    },
    others: () => remote.tell({ name: `n${randomBelow(random, 4)}` }),
    push() {
      if (remote.delivered === remote.pushed) return
      const batch = remote.takePush()
      if (batch) replica.apply(batch)
    },
    refetch() {
      const wanted = replica.refetches.take(() => true)
      if (wanted.length > 0) read(() => [remote.read()])
    },
    arrive() {
      const [land] = arriving.splice(randomBelow(random, Math.max(1, arriving.length)), 1)
      land?.()
    },
  }
  const kinds = ['write', 'send', 'others', 'push', 'push', 'refetch', 'arrive', 'arrive'] as const
  for (let step = 0; step < 60; step++) steps[kinds[randomBelow(random, kinds.length)] ?? 'push']()
  while (queue.length > 0 || arriving.length > 0) {
    steps.send()
    steps.arrive()
  }
  while (remote.delivered < remote.pushed) steps.push()
  while (replica.refetches.size > 0) {
    steps.refetch()
    steps.arrive()
  }

  // The price only ever rises, so a price that falls is an old value that came back.
  expect(prices).toEqual(prices.toSorted((a, b) => a - b))
  expect(rows.get('a')).toEqual(remote.row)
  expect(replica.overlay.size).toBe(0)
}

test('[O5] [W5] whatever crosses, no listener sees an old value come back, and every layer falls', () => {
  for (let seed = 1; seed <= 1_000; seed++) {
    expect(() => runHistory(createSeededRandom(seed)), `seed ${seed}`).not.toThrow()
  }
})
