import { expect, test } from 'vitest'
import { randomBelow } from './random.ts'
import { createRowSlots } from './row-slots.ts'
import { createSeededRandom } from './testing/seeded-random.ts'

test('[R9] slots find every id through growth, removal and reuse', () => {
  const random = createSeededRandom(11)
  const slots = createRowSlots()
  const oracle = new Map<string, number>()
  for (let step = 0; step < 20_000; step++) {
    const id = `row-${randomBelow(random, 3000)}`
    const slot = oracle.get(id)
    expect(slots.find(id)).toBe(slot ?? -1)
    if (slot === undefined) {
      const taken = slots.take(id)
      expect(slots.seq(taken)).toBe(0)
      slots.change(taken, { seq: step, epoch: 2, nowUnixMs: step }, step % 3 === 0 ? `v${step}` : undefined)
      oracle.set(id, taken)
    } else if (random.next() < 0.4) {
      slots.release(slot)
      oracle.delete(id)
    }
    expect(slots.used()).toBe(oracle.size)
  }
  for (const [id, slot] of oracle) {
    expect(slots.find(id)).toBe(slot)
    expect(slots.ids[slot]).toBe(id)
    const seq = slots.seq(slot)
    expect(slots.version(slot)).toBe(seq % 3 === 0 ? `v${seq}` : undefined)
  }
  expect(slots.ids.length).toBeLessThanOrEqual(3000)
})

test('[R9] a time is kept to the millisecond, from 1970 to far ahead', () => {
  const slots = createRowSlots()
  const slot = slots.take('a')
  for (const nowUnixMs of [0, 1, 2 ** 32 - 1, 2 ** 32, 1_795_154_618_123, 2 ** 47 + 5]) {
    slots.verify(slot, { seq: 1, epoch: 1, nowUnixMs })
    expect(slots.fetchedAtUnixMs(slot)).toBe(nowUnixMs)
  }
})

test('[V5] hostile ids are only texts', () => {
  const slots = createRowSlots()
  const ids = ['', '__proto__', 'constructor', '\ud800', 'a'.repeat(1_000_000), 'a\u0000', 'a']
  const taken = ids.map((id) => slots.take(id))
  expect(ids.map((id) => slots.find(id))).toEqual(taken)
  expect(slots.find('toString')).toBe(-1)
})
