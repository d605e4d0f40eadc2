import { randomBelow } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import type { MasterEntry } from '../master.ts'
import { createWalk } from './surreal-walk.ts'

test('[TB48] a walk by place misses and repeats nothing, however many rows come and go between pages', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createSeededRandom(seed)
    const key = (): string => String(randomBelow(random, 100_000)).padStart(5, '0')
    const lasting = new Set(Array.from({ length: 300 }, key))
    const ids = new Set([...lasting, ...Array.from({ length: 300 }, key)])
    const table = createTable(ids)
    const walk = createWalk(table)
    const met: string[] = []
    let after: string | undefined
    do {
      const page = await walk(after, 1 + randomBelow(random, 40))
      met.push(...page.rows.map(([id]) => id))
      after = page.next
      for (let change = randomBelow(random, 120); change > 0; change--) {
        const id = key()
        if (randomBelow(random, 2) === 0) ids.add(id)
        else if (!lasting.has(id)) ids.delete(id)
      }
      // The row the page ended with may go too.
      if (after !== undefined && !lasting.has(after) && randomBelow(random, 2) === 0) ids.delete(after)
    } while (after !== undefined)
    expect(met.join()).toBe([...new Set(met)].toSorted().join())
    expect([...lasting.difference(new Set(met))]).toEqual([])
  }
})

test('[TB48] a walk over a table that does not change asks for no row by id', async () => {
  const table = createTable(
    new Set(Array.from({ length: 5000 }, (_, index) => String(index).padStart(5, '0'))),
  )
  const walk = createWalk(table)
  let page = await walk(undefined, 100)
  while (page.next !== undefined) page = await walk(page.next, 100)
  expect(table.counts).toEqual({ byPlace: 50, afterId: 0 })
})

function createTable(ids: ReadonlySet<string>) {
  const counts = { byPlace: 0, afterId: 0 }
  const sorted = (): string[] => [...ids].sort()
  const entry = (id: string): MasterEntry => [id, { id }]
  return {
    counts,
    byPlace: async (start: number, limit: number) => {
      counts.byPlace++
      return sorted()
        .slice(start, start + limit)
        .map(entry)
    },
    afterId: async (after: string, limit: number) => {
      counts.afterId++
      return sorted()
        .filter((id) => id > after)
        .slice(0, limit)
        .map(entry)
    },
  }
}
