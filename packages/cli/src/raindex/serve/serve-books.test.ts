import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { systemClock } from '@freshet/core'
import { display, hexToFloat } from '@freshet/raindex/float'
import { startLocalBook } from '@freshet/raindex/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../run.ts'
import { addOrder } from '../../testing/add-order.ts'
import { beginBook } from '../../testing/begin-book.ts'
import { anvil, openBookOnChain, skipped, type BookOnChain } from '../../testing/book-on-chain.ts'
import { recordIo } from '../../testing/record-io.ts'
import { settingsOf } from '../../testing/settings-of.ts'
import type { HistoryPage } from './book-history.ts'
import type { BookHealth } from './book-json.ts'
import { openBookServer } from './book-server.ts'
import type { OrderReplica } from './order-replica.ts'

// The command as a person runs it, against a real chain, asked as any client would.

let opened: BookOnChain
beforeAll(async () => {
  opened = await openBookOnChain('freshet-serve-')
})
afterAll(() => opened.close())

test.skipIf(anvil === undefined)(
  `[RC11] serve keeps a book live, answers what it holds and quotes, and tells of changes${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { order, orderHash, trader, vaultId, deposit } = await addOrder(book, '2')
    const db = join(opened.folder, 'book.sqlite')
    const server = await serve(['--rpc', book.url, '--db', db, '--orderbook', book.orderbook.address])
    const at = `${server.url}/books/${book.orderbook.address}`
    const events = await openEvents(`${server.url}/events`)
    await events.until(
      ({ event, data }) =>
        event === 'quote' && data['id'] === `${orderHash}/0/0` && text(data).includes('"outputMax":"2"'),
    )

    // The status follows the quotes that the last piece of code has made possible.
    await untilSaid(`${server.url}/healthz`, '"missingCode":0')
    const health = await getJson(`${server.url}/healthz`)
    expect(health.status).toBe(200)
    expect(health.body).toMatchObject({ status: 'ok', books: [{ state: 'live', orders: 1, missingCode: 0 }] })
    expect((await getJson(`${at}/orders`)).body).toMatchObject({ rows: [{ id: orderHash }], next: null })
    expect((await getJson(`${at}/vaults`)).body).toMatchObject({
      rows: [{ balance: '0' }, { balance: '2', vaultId }],
    })
    expect((await getJson(`${at}/quotes`)).body).toMatchObject({ rows: [{ ioRatio: '1.5', outputMax: '2' }] })
    expect((await getJson(`${at}/quotes?counterparty=${trader.address}`)).body).toMatchObject({
      rows: [{ id: `${orderHash}/0/0`, ioRatio: '1.5', outputMax: '2', stale: false }],
      next: null,
    })
    const some = `${at}/quotes?counterparty=${trader.address}&id=none&id=${orderHash}/0/0`
    expect((await getJson(some)).body).toMatchObject({ rows: [{ id: `${orderHash}/0/0` }], next: null })
    expect((await getJson(`${at}/orders?id=none`)).body).toEqual({ rows: [], next: null })
    expect((await getJson(`${at}/quotes/${orderHash}`)).body).toMatchObject({
      virtual: { kind: 'quote', ioRatio: '1.5', outputMax: '2' },
      rpc: { kind: 'quote', ioRatio: '1.5', outputMax: '2' },
      verdict: { kind: 'match' },
    })
    expect((await getJson(`${at}/grounds?id=${orderHash}/0/0`)).body).toMatchObject({
      clock: { time: false, number: false },
      lastEvent: { block: expect.any(Number) },
    })
    // Written by our own service from these types.
    const replica = (await getJson(`${at}/replica?order=${orderHash}`)).body as OrderReplica
    expect(replica.order.hash).toBe(orderHash)
    expect(replica.vaults.map(({ balance }) => display(hexToFloat(balance)))).toEqual(['0', '2'])
    const { logs, head, next } = (await getJson(`${at}/history`)).body as HistoryPage
    expect(next).toBeNull()
    expect(logs.map(({ blockTimestamp = 0 }) => blockTimestamp > 0)).toEqual([true, true])
    expect((await getJson(`${at}/history?after=${head.number}`)).body).toMatchObject({ logs: [] })
    const metrics = await fetch(`${server.url}/metrics`).then((reply) => reply.text())
    expect(metrics).toMatch(/^freshet_book_healthy\{chain="31337",orderbook="0x\w{40}"\} 1$/m)
    expect(metrics).toMatch(/^# TYPE freshet_book_bytecode_fetches_total counter$/m)
    expect(metrics).toMatch(/^freshet_book_bytecode_fetches_total\{.*\} 2$/m)
    expect(metrics).toMatch(/^freshet_book_snapshot_loads_total\{.*\} 0$/m)
    expect(metrics).toMatch(/^freshet_book_divergences_total\{.*\} 0$/m)

    const own = await openEvents(`${server.url}/events?counterparty=${trader.address}`)
    await own.until(({ event, data }) => event === 'quote' && data['counterparty'] === trader.address)
    await deposit('0.5')
    await events.until(({ event, data }) => event === 'quote' && text(data).includes('"outputMax":"2.5"'))
    await own.until(({ event, data }) => event === 'quote' && text(data).includes('"outputMax":"2.5"'))
    await events.until(({ event, data }) => event === 'vault' && text(data).includes('"balance":"2.5"'))
    await trader.removeOrder(order)
    await events.until(({ event, data }) => event === 'order' && data['order'] === null)
    await events.until(({ event, data }) => event === 'quote' && data['quote'] === null)
    await own.until(({ event, data }) => event === 'quote' && data['quote'] === null)

    for (const [path, status] of [
      ['/books/0x12', 404],
      ['/nothing', 404],
      ['/events?counterparty=me', 400],
      [`/events?orderbook=0x${'9'.repeat(40)}`, 404],
      [`/events?orderbook=${book.orderbook.address}&chain=5`, 404],
      [`/books/${book.orderbook.address}/quotes/0x12`, 400],
      [`/books/${book.orderbook.address}/quotes/${orderHash}?counterparty=me`, 400],
      [`/books/${book.orderbook.address}/orders?limit=none`, 400],
      [`/books/${book.orderbook.address}/quotes?counterparty=me`, 400],
      [`/books/${book.orderbook.address}/quotes?counterparty=${trader.address}&limit=0`, 400],
      [`/books/${book.orderbook.address}/history?after=now`, 400],
      [`/books/${book.orderbook.address}/replica?order=0x12`, 404],
      [`/books/${book.orderbook.address}/grounds?id=nothing`, 404],
      [`/books?${'a'.repeat(3_000)}`, 414],
    ] as const) {
      expect([path.slice(0, 80), (await fetch(server.url + path)).status]).toEqual([
        path.slice(0, 80),
        status,
      ])
    }
    expect(await server.end()).toBe(0)
    await events.ended
    await own.ended
  },
)

test.skipIf(anvil === undefined)(
  `[RC11] of a book begun from a snapshot the events behind it are given, and no range that begins before it${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { deposit } = await addOrder(book, '2')
    const db = join(opened.folder, 'begun.sqlite')
    const begunAt = await beginBook(book, db)
    await deposit('1')
    const server = await serve(['--rpc', book.url, '--db', db])
    await untilSaid(`${server.url}/healthz`, `"block":${(await book.head()).number},`)
    const at = `${server.url}/books/${book.orderbook.address}`
    for (const range of ['', `?after=${begunAt - 1}`]) {
      const refused = await fetch(`${at}/history${range}`)
      expect(refused.status).toBe(502)
      expect(await refused.text()).toContain(`from block ${begunAt + 1} on`)
    }
    await deposit('1')
    await untilSaid(`${server.url}/healthz`, `"block":${(await book.head()).number},`)
    const { logs } = (await getJson(`${at}/history?after=${begunAt}`)).body as HistoryPage
    expect(logs.map(({ blockNumber }) => blockNumber > begunAt)).toEqual([true, true])
    expect(await server.end()).toBe(0)
  },
)

test.skipIf(anvil === undefined)(
  `[RC14] serve keeps all books of a settings file live, of several chains, or the one named${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book: near, folder } = opened
    if (near === undefined || anvil === undefined) throw new Error('the chain did not start')
    const startsAt = Math.floor(Date.now() / 1_000) - 600
    const far = await startLocalBook({ anvil, startsAt, chainId: 7, traders: 1 })
    const settings = join(folder, 'settings.yaml')
    await writeFile(settings, settingsOf({ near, far }))
    const there = await addOrder(far, '2')
    await addOrder(near, '1')
    const file = ['--settings', settings, '--db', join(folder, 'several.sqlite')]
    const server = await serve([...file, '--workers', '2'])
    const at = `${server.url}/books/${far.orderbook.address}/quotes`
    await untilSaid(`${at}?chain=${near.chainId}`, '"ioRatio":"1.5"')
    await untilSaid(`${at}?chain=7`, '"outputMax":"2"')
    const ofFar = await openEvents(`${server.url}/events?chain=7`)
    await there.deposit('0.5')
    await ofFar.until(({ event, data }) => event === 'quote' && text(data).includes('"outputMax":"2.5"'))
    expect(ofFar.chains()).toEqual([7])
    const { body } = await getJson(`${server.url}/books`)
    expect(body).toMatchObject([
      { chainId: near.chainId, state: 'live', orders: 1, role: null },
      { chainId: 7, state: 'live', orders: 1, role: null },
    ])
    // Both books have the same address, each on its chain.
    expect((await fetch(at)).status).toBe(400)
    expect((await getJson(`${at}?chain=7`)).body).toMatchObject({ rows: [{ outputMax: '2.5' }] })
    expect((await fetch(`${at}?chain=8`)).status).toBe(404)
    expect(await server.end()).toBe(0)
    await ofFar.ended

    const only = await serve([...file, '--orderbook', 'far'])
    expect((await getJson(`${only.url}/books`)).body).toMatchObject([{ chainId: 7 }])
    expect(await only.end()).toBe(0)
    await far.close()
  },
)

test.skipIf(anvil === undefined)(
  `[RC16] servers that share a file have one writer, and when it ends the other reads the chain${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { deposit, order, vaultId } = await addOrder(book, '1')
    const [output] = order.validOutputs
    if (output === undefined) throw new Error('The order has no output.')
    const balance = async () => display(await book.vaultBalance(order.owner, output.token, vaultId))
    const shared = [
      '--rpc',
      book.url,
      '--orderbook',
      book.orderbook.address,
      '--shared',
      join(folder, 'shared'),
    ]
    const serveIn = (name: string) =>
      serve([...shared, '--db', join(folder, `${name}.sqlite`), '--workers', '0'])
    const first = await serveIn('shared-one')
    await untilSaid(`${first.url}/books`, '"role":"writer","isHealthy":true')
    const second = await serveIn('shared-two')
    await untilSaid(`${second.url}/books`, '"role":"reader","isHealthy":true')
    await deposit('1')
    const vaults = `/books/${book.orderbook.address}/vaults`
    await untilSaid(second.url + vaults, `"balance":"${await balance()}"`)
    expect(await first.end()).toBe(0)
    await untilSaid(`${second.url}/books`, '"role":"writer","isHealthy":true')
    await deposit('1')
    await untilSaid(second.url + vaults, `"balance":"${await balance()}"`)
    expect(await second.end()).toBe(0)
  },
)

test.skipIf(anvil === undefined)(
  `[RC11] what was synced before is served although no node answers${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { orderHash } = await addOrder(book, '1')
    const db = ['--db', join(folder, 'alone.sqlite'), '--workers', '0']
    const near = await serve(['--rpc', book.url, '--orderbook', book.orderbook.address, ...db])
    await untilSaid(`${near.url}/books/${book.orderbook.address}/orders`, orderHash)
    expect(await near.end()).toBe(0)

    const settings = join(folder, 'alone.yaml')
    await writeFile(settings, settingsOf({ ours: { ...book, url: 'http://127.0.0.1:9' } }))
    const alone = await serve(['--settings', settings, ...db])
    await untilSaid(`${alone.url}/books/${book.orderbook.address}/orders`, orderHash)
    expect((await fetch(`${alone.url}/healthz`)).status).toBe(503)
    expect(await alone.end()).toBe(0)
  },
)

test.skipIf(anvil === undefined)(
  `[RC11] a node with a WebSocket tells of new blocks, long before it would be asked${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { book, folder } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const settings = join(folder, 'pushed.yaml')
    const text = settingsOf({ ours: book })
      .replace(`[${book.url}]`, `[${book.url.replace('http', 'ws')}, ${book.url}]`)
      .replace('sync-interval-ms: 50', 'sync-interval-ms: 600000')
    await writeFile(settings, text)
    const db = ['--db', join(folder, 'pushed.sqlite'), '--workers', '0']
    const server = await serve(['--settings', settings, ...db])
    await untilSaid(`${server.url}/healthz`, '"status":"ok"')
    const { number: before } = await book.head()
    // The socket may not be open yet.
    while ((await blockOf(server.url)) <= before) await book.mine()
    expect(await server.end()).toBe(0)
  },
)

async function blockOf(url: string): Promise<number> {
  // Answered by our own service.
  const [first] = (await getJson(`${url}/books`)).body as readonly BookHealth[]
  return first?.block ?? -1
}

test('[RC16] two places to share books in are one too many', async () => {
  const { io, err } = recordIo({ env: { FRESHET_POSTGRES: 'postgres://me@127.0.0.1/books' } })
  expect(await run(['raindex', 'serve', '--shared', 'books', '--db', 'none.sqlite'], io)).toBe(2)
  expect(err).toEqual([expect.stringContaining('Give one of them')])
})

test.each(['some', '-1', '65'])('[RC17] %s is no number of threads', async (threads) => {
  const { io, err } = recordIo()
  expect(await run(['raindex', 'serve', `--workers=${threads}`, '--db', 'none.sqlite'], io)).toBe(2)
  expect(err).toEqual([expect.stringContaining('--workers takes')])
})

test('[RC12] only this machine is answered unless requests bear a token, and nothing can be written', async () => {
  const server = await openBookServer({ books: [], clock: systemClock })
  expect(await statusOf(server.url, {})).toBe(200)
  expect(await statusOf(server.url, { host: 'rebound.example' })).toBe(403)
  expect(await statusOf(server.url, { origin: 'https://elsewhere.example' })).toBe(403)
  expect(await statusOf(server.url, {}, 'POST')).toBe(405)
  await expect(openBookServer({ books: [], clock: systemClock, host: '0.0.0.0' })).rejects.toThrow(
    'FRESHET_TOKEN',
  )
  const port = Number(new URL(server.url).port)
  await expect(openBookServer({ books: [], clock: systemClock, port })).rejects.toThrow('Give another --port')
  await server.close()

  const guarded = await openBookServer({
    books: [],
    clock: systemClock,
    host: '0.0.0.0',
    token: 'open sesame',
  })
  const url = `http://127.0.0.1:${new URL(guarded.url).port}`
  expect(await statusOf(url, {})).toBe(401)
  expect(await statusOf(url, { authorization: 'Bearer nothing' })).toBe(401)
  expect(await statusOf(url, { authorization: 'Bearer open sesame' })).toBe(200)
  await guarded.close()
})

type Sent = { readonly event: string; readonly data: Readonly<Record<string, unknown>> }

const text = (data: unknown): string => JSON.stringify(data)

async function getJson(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const reply = await fetch(url)
  return { status: reply.status, body: await reply.json() }
}

/** Asks again and again, with a break in which the server works. */
async function untilSaid(url: string, sought: string): Promise<void> {
  while (!(await (await fetch(url)).text()).includes(sought))
    await new Promise((resolve) => setTimeout(resolve, 20))
}

function statusOf(url: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/books`, { method, headers }, (reply) => {
      reply.resume()
      resolve(reply.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Runs the command with these options until `end`. */
async function serve(options: readonly string[]) {
  const controller = new AbortController()
  const { promise: url, resolve, reject } = Promise.withResolvers<string>()
  const { io } = recordIo({
    out: (line) => {
      const found = /http:\/\/\S+$/.exec(line.split('\n')[0] ?? '')
      if (line.startsWith('Serving') && found) resolve(found[0])
    },
    err: (line) => {
      if (line.startsWith('❌')) reject(new Error(line))
    },
    interrupted: () => controller.signal,
  })
  const code = run(['raindex', 'serve', ...options, '--port', '0'], io)
  return {
    url: await url,
    end: () => {
      controller.abort()
      return code
    },
  }
}

async function openEvents(url: string) {
  const reply = await fetch(url)
  const seen: Sent[] = []
  let told = (): void => undefined
  const read = async (): Promise<void> => {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const bytes of reply.body ?? []) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        const [event = '', data = ''] = part.split('\n')
        seen.push({
          event: event.slice('event: '.length),
          data: JSON.parse(data.slice('data: '.length)) as Sent['data'],
        })
      }
      told()
    }
  }
  const ended = read()
  return {
    ended,
    chains: () => [...new Set(seen.map(({ data }) => data['chainId']))],
    async until(isIt: (sent: Sent) => boolean): Promise<void> {
      while (!seen.some(isIt)) await new Promise<void>((resolve) => (told = resolve))
    },
  }
}
