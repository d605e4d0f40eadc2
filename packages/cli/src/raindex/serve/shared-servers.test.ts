import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startPostgres, type EmbeddedServer } from '@freshet/table/postgres/embedded'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../run.ts'
import { addOrder } from '../../testing/add-order.ts'
import { anvil, openBookOnChain, skipped, type BookOnChain } from '../../testing/book-on-chain.ts'
import { recordIo } from '../../testing/record-io.ts'
import { settingsOf } from '../../testing/settings-of.ts'
import type { BookHealth } from './book-json.ts'

// Servers as processes, on a real chain and a real PostgreSQL.

let opened: BookOnChain
let postgres: EmbeddedServer
let place = ''
const secret = 'hush-hush'
beforeAll(async () => {
  if (anvil === undefined) return
  ;[opened, postgres] = await Promise.all([openBookOnChain('freshet-shared-'), startPostgres()])
  const admin = new Client(postgres.url)
  await admin.connect()
  await admin.query(`CREATE ROLE keeper LOGIN PASSWORD '${secret}'`)
  await admin.query('CREATE DATABASE books OWNER keeper')
  await admin.end()
  place = `postgres://keeper:${secret}@${new URL(postgres.url).host}/books`
})
afterAll(async () => {
  await postgres?.close()
  await opened?.close()
})

test.skipIf(anvil === undefined)(
  `[RC16] servers that begin at once have one writer; when it is killed another goes on and nothing is lost${skipped}`,
  { timeout: 120_000 },
  async () => {
    const { book } = opened
    if (book === undefined) throw new Error('the chain did not start')
    const { deposit } = await addOrder(book, '1')
    const both = await Promise.all([serve('one'), serve('two')])
    await Promise.all(both.map((server) => server.until(isHealthy)))
    const roles = await Promise.all(both.map(async (server) => (await server.health()).role))
    expect(new Set(roles)).toEqual(new Set(['reader', 'writer']))
    const [writer, reader] = roles[0] === 'writer' ? both : both.toReversed()
    if (writer === undefined || reader === undefined) throw new Error('nobody came')
    await deposit('1')
    await Promise.all(both.map((server) => server.untilQuote('2')))

    expect(await writer.history()).toBe(200)
    expect(await reader.history()).toBe(502)

    await writer.kill()
    await deposit('0.5')
    await book.reorganize(1)
    await deposit('0.25')
    await reader.until((health) => isHealthy(health) && health.role === 'writer')
    // The half was undone.
    await reader.untilQuote('2.25')

    // What came before it took over, it has as a state only.
    expect(await reader.history()).toBe(502)

    const again = await serve(writer.name)
    await again.until((health) => isHealthy(health) && health.role === 'reader')
    await again.untilQuote('2.25')
    await deposit('0.5')
    await Promise.all([again, reader].map((server) => server.untilQuote('2.75')))
    expect(await reader.end()).toBe(0)
    await again.until((health) => isHealthy(health) && health.role === 'writer')
    // Its file was the first writer's, and has gone on from there.
    expect(await again.history()).toBe(200)
    expect(await again.end()).toBe(0)
    const said = [...both, again].flatMap((server) => server.said)
    expect(said.join('\n')).not.toContain(secret)
    expect(said.join('\n')).toContain('this server reads the chain for all')
  },
)

test('[RC16] an address of PostgreSQL that is none, or does not answer, is one sentence without a secret', async () => {
  for (const [address, code] of [
    [`mysql://me:${secret}@127.0.0.1/books`, 2],
    [`${secret}`, 2],
  ] as const) {
    const { io, err } = recordIo({ env: { FRESHET_POSTGRES: address } })
    const call = ['raindex', 'serve', '--db', ':memory:', '--rpc', 'http://127.0.0.1:1', '--chain', '1']
    expect(await run([...call, '--orderbook', `0x${'1'.repeat(40)}`, '--v6'], io)).toBe(code)
    expect(err.join('\n')).not.toContain(secret)
    expect(err).toHaveLength(1)
  }
})

function isHealthy({ isHealthy: isIt, orders }: BookHealth): boolean {
  return isIt && orders > 0
}

/** A server in a process of its own, with a database of this name. */
async function serve(name: string) {
  const { book, folder } = opened
  if (book === undefined) throw new Error('the chain did not start')
  const settings = join(folder, 'settings.yaml')
  await writeFile(settings, settingsOf({ ours: book }))
  const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
  const call = ['--conditions=source', '--disable-warning=ExperimentalWarning', main, 'raindex', 'serve']
  const where = ['--settings', settings, '--db', join(folder, `${name}.sqlite`)]
  const child = spawn(process.execPath, [...call, ...where, '--port', '0', '--workers', '0'], {
    env: { ...process.env, FRESHET_POSTGRES: place },
  })
  const said: string[] = []
  const ended = once(child, 'exit')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      said.push(line)
      const url = /^Serving .* at (\S+)$/.exec(line)?.[1]
      if (url !== undefined) resolve(url)
    })
  }
  void ended.then(() => reject(new Error(said.join('\n'))))
  const url = await promise
  const getJson = async (path: string): Promise<unknown> => (await fetch(url + path)).json()
  const health = async (): Promise<BookHealth> => {
    // Answered by our own service.
    const [first] = (await getJson('/books')) as readonly BookHealth[]
    if (first === undefined) throw new Error('no book is served')
    return first
  }
  return {
    name,
    said,
    health,
    history: async () => (await fetch(`${url}/books/${book.orderbook.address}/history`)).status,
    async until(isIt: (health: BookHealth) => boolean): Promise<void> {
      while (!isIt(await health())) await nextTurn()
    },
    async untilQuote(outputMax: string): Promise<void> {
      const at = `/books/${book.orderbook.address}/quotes`
      while (!JSON.stringify(await getJson(at)).includes(`"outputMax":"${outputMax}"`)) await nextTurn()
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async end() {
      child.kill('SIGINT')
      const [code] = await ended
      return code as unknown
    },
  }
}

/** Asking again and again must not keep the servers from their work. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
