import { decimal, type Random } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { WriteRejectedError } from '@freshet/table'
import { createSurrealDatabase } from '@freshet/table/surrealdb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  hillValleyScope,
  hillValleyTables,
  seedHillValley,
  startSomeoneElse,
  writeAsSomeoneElse,
} from './hill-valley.ts'
import { startSurrealServer, type SurrealServer } from './surreal-server.ts'

let server: SurrealServer

beforeEach(async () => {
  server = await startSurrealServer()
  await seedHillValley(server)
})
afterEach(async () => {
  await server.close()
})

const open = () =>
  createSurrealDatabase({ tables: hillValleyTables, remote: { url: server.url, ...hillValleyScope } })

test('[DM9] the bakery opens with its clients, products and orders, and references lead between them', async () => {
  const database = open()
  const client = database.master('client')
  expect((await client.list({})).rows.map(([id]) => id)).toEqual(['biff', 'doc', 'marty'])
  expect(await database.master('product').count()).toBe(5)
  const [marty] = await client.get(['marty'])
  expect(marty?.[1]).toMatchObject({ name: 'Marty McFly', is_paying_client: true })
  const orders = await client.getReference('orders', marty?.[1] ?? {}).list({})
  expect(orders.rows.map(([id]) => id)).toEqual(['order1'])
  const bakery = await client.getReference('bakery', marty?.[1] ?? {}).list({})
  expect(bakery.rows).toMatchObject([['hill_valley', { name: 'Hill Valley Bakery', profit_margin: 15 }]])
  await database.close()
})

test('[DM9] seeding again changes nothing', async () => {
  const database = open()
  await database.master('client').patch('marty', { set: { name: 'Marty' } }, { opId: '1' })
  await seedHillValley(server)
  expect(await database.master('client').get(['marty'])).toMatchObject([['marty', { name: 'Marty' }]])
  await database.close()
})

test('[DM10] the database refuses a taken email and a price that is not above zero, naming the field', async () => {
  const database = open()
  const fieldOf = async (write: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await write.catch((caught: unknown) => caught)
    return error instanceof WriteRejectedError ? error.fieldErrors.map(({ field }) => field) : error
  }
  const client = database.master('client')
  const copy = { name: 'Marty', email: 'marty@gmail.com', balance: decimal('1') }
  expect(await fieldOf(client.insert('copy', copy, { opId: '1' }))).toEqual(['email'])
  const product = database.master('product')
  expect(await fieldOf(product.patch('sea_pie', { set: { price: 0 } }, { opId: '2' }))).toEqual(['price'])
  await database.close()
})

test('[DM11] someone else changes rows while started, and no longer', async () => {
  const database = open()
  const signal = new AbortController().signal
  const changes = [database.master('client'), database.master('product')].map((master) =>
    master.watch({ signal })[Symbol.asyncIterator](),
  )
  for (const each of changes) expect(await each.next()).toMatchObject({ value: { kind: 'live' } })
  const tasks = new Set<() => void>()
  const clock = {
    now: () => 0,
    schedule: (task: () => void) => {
      tasks.add(task)
      return () => tasks.delete(task)
    },
  }
  const stop = startSomeoneElse(server, { clock, random: createSeededRandom(1) })
  for (const task of tasks) {
    tasks.delete(task)
    task()
  }
  const first = await Promise.race(changes.map((each) => each.next()))
  expect(first).toMatchObject({ value: { kind: 'touched' } })
  stop()
  await server.query(hillValleyScope, 'RETURN 1')
  expect(tasks.size).toBe(0)
  await database.close()
})

test('[DM11] whatever someone else does changes something', async () => {
  const rows = async (): Promise<string> =>
    JSON.stringify(await server.query(hillValleyScope, 'SELECT * FROM product; SELECT * FROM client'))
  for (let which = 0; which < 5; which++) {
    // The pie stands at 299 at first, which a price that is only set may be again.
    for (const amount of [19 / 40, 0, 39 / 40]) {
      const before = await rows()
      await writeAsSomeoneElse(server, { random: scripted([which / 5, amount]) })
      expect(await rows()).not.toBe(before)
    }
  }
})

function scripted(numbers: readonly number[]): Random {
  const left = [...numbers]
  return { next: () => left.shift() ?? 0 }
}
