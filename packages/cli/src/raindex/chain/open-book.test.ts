import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalDatabase } from '@freshet/raindex/client/sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { parseCall } from '../../parse-call.ts'
import { recordIo } from '../../testing/record-io.ts'
import { findTargets } from './book-target.ts'
import { findBook, openDatabase } from './open-book.ts'

test('[RC10] without a node the database says of which version its order book is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-version-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const db = join(folder, 'book.sqlite')
  const orderbook = { address: `0x${'1'.repeat(40)}`, version: 'v6' } as const
  const filled = await openLocalDatabase({ path: db })
  const hash = `0x${'2'.repeat(64)}` as const
  const header = { number: 5, hash, parentHash: hash, timestamp: 1_700_000_000, logsBloom: undefined }
  await filled.book({ chainId: 7, orderbook }).commit({
    ...{ from: 0, to: 5, header, headers: [header], logs: [] },
    ...{ newStores: new Map(), newTokens: [], finalizedTo: 0 },
  })
  await filled.close()

  const { io } = recordIo()
  const parsed = parseCall(['raindex', 'replay', '--db', db])
  if (parsed.kind !== 'raindex') throw new Error('This is no call of raindex.')
  const call = { words: [], options: parsed.options, io }
  const database = await openDatabase(call)
  expect(await findBook(call, database, await findTargets(call))).toMatchObject({ chainId: 7, orderbook })
  await database.close()
})
