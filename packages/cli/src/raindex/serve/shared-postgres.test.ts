import { openPostgresSharedBooks } from '@freshet/raindex/client/postgres'
import { sharedBooksContract } from '@freshet/raindex/testing'
import { startPostgres, type EmbeddedServer } from '@freshet/table/postgres/embedded'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The adapter is in packages/raindex; a server may be started here.

const skipped = process.platform === 'linux' ? '' : ' (skipped: the server that is tested on runs on Linux)'

describe.skipIf(skipped !== '')(`order books shared in PostgreSQL${skipped}`, () => {
  let server: EmbeddedServer
  let admin: Client

  beforeAll(async () => {
    server = await startPostgres()
    admin = new Client(server.url)
    await admin.connect()
  })
  afterAll(async () => {
    await admin?.end()
    await server?.close()
  })
  const open = () => openPostgresSharedBooks({ url: server.url })
  const runBeside = async (sql: string): Promise<void> => void (await admin.query(sql))

  for (const { title, run } of sharedBooksContract)
    test(`${title}, in PostgreSQL`, () => expect(run({ open, run: runBeside })).resolves.toBeUndefined())

  const id = { chainId: 5, orderbook: { address: `0x${'ab'.repeat(20)}`, version: 'v5' } } as const
  const snapshot = (number: number) => ({
    ...{ block: { number, hash: `0x${'cd'.repeat(32)}` as const }, timestamp: 1 },
    ...{ checksum: '', bundle: '{}' },
  })

  test('[SH1, SH2] a writer whose connection ends has lost: another leads, and it writes no more', async () => {
    const [first, second] = [await open(), await open()]
    const before = await first.book(id).lead()
    if (before === undefined) throw new Error('nobody else leads')
    await before.putSnapshot(snapshot(5), [])
    expect(await second.book(id).lead()).toBeUndefined()
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database IS NOT NULL`,
    )
    const after = await untilDefined(() => second.book(id).lead())
    expect(after.term).toBe(before.term + 1)
    await expect(before.putSnapshot(snapshot(6), [])).rejects.toMatchObject({
      code: 'raindex/shared-unreachable',
    })
    expect(before.lost.aborted).toBe(true)
    expect((await second.book(id).cursor())?.block.number).toBe(5)
    // It may read on, and stands in line again.
    expect((await first.book(id).cursor())?.block.number).toBe(5)
    expect(await first.book(id).lead()).toBeUndefined()
    await second.close()
    expect((await untilDefined(() => first.book(id).lead())).term).toBe(before.term + 2)
    await first.close()
  })

  test('[SH1] the session of a writer that has stopped is ended by the server', async () => {
    const stuckId = { ...id, chainId: 6 }
    const { books, stuck } = await untilDefined(async () => {
      // On a slow machine the server may end it before it has come so far.
      const silent = await openPostgresSharedBooks({ url: server.url, silenceMs: 300 }).catch(() => undefined)
      const writer = await silent
        ?.book(stuckId)
        .lead()
        .catch(() => undefined)
      if (silent !== undefined && writer !== undefined) return { books: silent, stuck: writer }
      await silent?.close()
      return undefined
    })
    if (!stuck.lost.aborted)
      await new Promise<void>((resolve) => stuck.lost.addEventListener('abort', () => resolve()))
    const other = await open()
    const next = await untilDefined(() => other.book(stuckId).lead())
    expect(next.term).toBe(stuck.term + 1)
    await Promise.all([books.close(), other.close()])
  })

  test('[SH4] a reader is told of news', async () => {
    const [first, second] = [await open(), await open()]
    const writer = await first.book({ ...id, chainId: 7 }).lead()
    await second.book({ ...id, chainId: 7 }).cursor()
    const told = new Promise<void>((resolve) => {
      second.book({ ...id, chainId: 7 }).subscribe(resolve)
    })
    await writer?.putSnapshot(snapshot(5), [])
    await told
    expect((await second.book({ ...id, chainId: 7 }).cursor())?.block.number).toBe(5)
    await Promise.all([first.close(), second.close()])
  })

  test('[SH6] what is wrong with the server is said without a secret', async () => {
    const { port } = new URL(server.url)
    for (const [url, code] of [
      ['postgres://me:hidden@127.0.0.1:1/shop', 'raindex/shared-unreachable'],
      [`postgres://me:hidden@127.0.0.1:${port}/postgres`, 'raindex/shared-refused'],
      [server.url.replace(/\/postgres$/, '/nowhere'), 'raindex/shared-refused'],
    ] as const) {
      const error: unknown = await openPostgresSharedBooks({ url }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code })
      expect(String(error)).not.toMatch(/hidden|freshet:/)
    }
  })
})

async function untilDefined<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
  }
}
