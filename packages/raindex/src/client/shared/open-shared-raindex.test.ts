import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBelow } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { createWasmEvm } from '@freshet/evm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEvmInterpreter, type Bytes32 } from '../../engine/index.ts'
import { display, floatToHex, hexToFloat, parse } from '../../float/index.ts'
import { findAnvil } from '../../testing/anvil.ts'
import { startLocalBook, type LocalBook } from '../../testing/local-book.ts'
import { op, testProgram } from '../../testing/test-program.ts'
import { createChainHeads, createRpcPool, type RpcFetch } from '../chain/index.ts'
import type { LocalBook as LocalDatabaseBook } from '../database/index.ts'
import { openLocalDatabase } from '../database/sqlite.ts'
import { openSharedRaindex, type SharedRaindex, type SharedRaindexOptions } from './open-shared-raindex.ts'
import type { SharedBooks } from './shared-books.ts'
import { sharedUnreachable } from './shared-error.ts'
import { openSqliteSharedBooks } from './sqlite-shared-books.ts'

// On a real chain. Each member has a local database of its own, as processes have.

const anvil = findAnvil()
const skipped =
  anvil === undefined ? ' (skipped: no anvil; it comes with npm on Linux x64, or set FRESHET_ANVIL)' : ''

let book: LocalBook
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-shared-'))
  if (anvil !== undefined)
    book = await startLocalBook({ anvil, startsAt: Math.floor(Date.now() / 1000) - 3_600 })
})
afterAll(async () => {
  await book?.close()
  await rm(folder, { recursive: true, force: true })
})

test.skipIf(anvil === undefined)(
  `[SH4] two who begin at once have one writer, and both the chain’s state after each change and fork${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { deposit } = await addOrder()
    const members = await Promise.all([openMember('both'), openMember('both')])
    await untilAll(members, isAtHead)
    const [writer, reader] = members.toSorted((a, b) => (a.raindex.role > b.raindex.role ? -1 : 1))
    if (writer === undefined || reader === undefined) throw new Error('nobody came')
    expect([writer.raindex.role, reader.raindex.role]).toEqual(['writer', 'reader'])

    for (const change of [
      () => deposit('5'),
      () => book.reorganize(1).then(() => book.mine(2)),
      () => deposit('7'),
      () => book.reorganize(3).then(() => book.mine(4)),
      () => deposit('11'),
    ]) {
      await change()
      await untilAll(members, isAtHead)
      expect(stateOf(reader)).toEqual(stateOf(writer))
      expect(await chainSays(writer)).toEqual(held(writer))
    }
    expect(reader.raindex.freshness).toMatchObject({ isReading: false, chain: { state: 'live' } })
    expect([writer.requests() > 0, reader.requests()]).toEqual([true, 0])
    await Promise.all(members.map((member) => member.end()))
  },
)

test.skipIf(anvil === undefined)(
  `[SH5] when the writer ends another goes on from the snapshot: nothing is lost, nothing goes back${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { deposit } = await addOrder()
    const first = await openMember('next')
    await untilAll([first], isAtHead)
    expect(first.raindex.role).toBe('writer')
    const second = await openMember('next')
    await untilAll([second], isAtHead)
    const blocks: number[] = []
    second.raindex.subscribe(() => blocks.push(second.raindex.freshness.block ?? 0))
    await first.end()
    await deposit('3')
    // A fork just behind what the second began from.
    await book.reorganize(2)
    await book.mine(3)
    await deposit('4')
    await untilAll([second], ({ raindex }) => raindex.role === 'writer')
    await untilAll([second], isAtHead)
    expect(held(second)).toEqual(await chainSays(second))

    const third = await openMember('next')
    await untilAll([third], isAtHead)
    expect(stateOf(third)).toEqual(stateOf(second))
    await deposit('1')
    await untilAll([second, third], isAtHead)
    expect(stateOf(third)).toEqual(stateOf(second))
    // Two blocks were undone; further back nobody went.
    expect(blocks.every((block, at) => block >= Math.max(0, ...blocks.slice(0, at)) - 2)).toBe(true)
    await second.end()
    await third.end()
  },
)

test.skipIf(anvil === undefined)(
  `[SH5] [RG9] a writer takes in a fork behind the snapshot it began from, and who follows it does too${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { deposit } = await addOrder()
    // An empty block that is mined again would be the same one.
    await deposit('1')
    const first = await openMember('deep')
    await untilAll([first], isAtHead)
    const writer = await openMember('deep')
    await first.end()
    await untilAll([writer], ({ raindex }) => raindex.role === 'writer')
    const reader = await openMember('deep')
    await deposit('3')
    await untilAll([writer, reader], isAtHead)
    const { live } = writer.raindex
    const begunAt = (await writer.kept.completeFrom()) - 1
    const { number } = await book.head()
    expect(begunAt).toBeGreaterThan(0)
    await book.reorganize(number - begunAt + 2)
    await book.mine(3)
    await untilAll([writer, reader], isAtHead)
    for (const member of [writer, reader]) expect(held(member)).toEqual(await chainSays(member))
    expect(stateOf(reader)).toEqual(stateOf(writer))
    expect([writer.raindex.role, writer.raindex.live === live]).toEqual(['writer', true])
    expect(await writer.kept.completeFrom()).toBe(0)
    await Promise.all([writer.end(), reader.end()])
  },
)

test.skipIf(anvil === undefined)(
  `[SH6] without the shared database a writer goes on for itself and a reader says so; it leads again after${skipped}`,
  { timeout: 60_000 },
  async () => {
    const { deposit } = await addOrder()
    const first = await openMember('cut')
    await untilAll([first], isAtHead)
    const second = await openMember('cut')
    await untilAll([second], isAtHead)
    first.isCut = true
    second.isCut = true
    await deposit('3')
    await untilAll([first], (member) => isAtHead(member).then((at) => at && member.raindex.role === 'reader'))
    expect(first.raindex.freshness.chain).toMatchObject({
      state: 'live',
      degraded: { code: 'raindex/shared-unreachable' },
    })
    await untilAll([second], ({ raindex }) => raindex.freshness.chain.state === 'retrying')
    expect(second.raindex.freshness.chain.freshness.lastError).toMatchObject({
      code: 'raindex/shared-unreachable',
    })
    expect(await quoteOf(second)).toMatchObject({ kind: 'quote' })
    expect(await isAtHead(second)).toBe(false)
    first.isCut = false
    second.isCut = false
    await untilAll([first, second], isAtHead)
    expect([first, second].filter(({ raindex }) => raindex.role === 'writer')).toHaveLength(1)
    expect(stateOf(second)).toEqual(stateOf(first))
    await Promise.all([first.end(), second.end()])
  },
)

test.skipIf(anvil === undefined)(
  `[SH5] whoever comes, goes, loses the shared place and returns, through forks: all end at the chain’s state${skipped}`,
  { timeout: 120_000 },
  async () => {
    const random = createSeededRandom(Number(process.env['SHARED_SEED'] ?? 1))
    const pick = (bound: number): number => randomBelow(random, bound)
    const { deposit } = await addOrder()
    const come = () => openMember('storm', { everyBlocks: 1 + pick(6) })
    let members = [await come()]
    const rounds = Number(process.env['SHARED_ROUNDS'] ?? 12)
    for (let round = 0; round < rounds; round++) {
      switch (pick(6)) {
        case 0:
          if (members.length < 3) members.push(await come())
          break
        case 1: {
          const [gone, ...rest] = members
          if (gone === undefined || rest.length === 0) break
          members = rest
          await gone.end()
          break
        }
        case 2: {
          const member = members[pick(members.length)]
          if (member !== undefined) member.isCut = !member.isCut
          break
        }
        case 3: {
          // Some behind all snapshots there are.
          const depth = 1 + pick(pick(3) === 0 ? 14 : 4)
          await book.reorganize(depth)
          await book.mine(depth + pick(3))
          break
        }
        default:
          await deposit(String(1 + pick(9)))
      }
      if (pick(3) > 0) continue
      for (const member of members) member.isCut = false
      await untilAll(members, isAtHead)
      for (const member of members) expect(held(member)).toEqual(await chainSays(member))
    }
    await Promise.all(members.map((member) => member.end()))
  },
)

const vaultId: Bytes32 = `0x${'1'.padStart(64, '0')}`
let nonce = 0
let lastOrder: Bytes32 = '0x'

async function addOrder() {
  const [trader, input, output] = market()
  const word = (text: string): Bytes32 => floatToHex(parse(text))
  const deposit = (amount: string) => trader.deposit(output.address, vaultId, amount)
  await deposit('2')
  const { orderHash } = await trader.addOrder({
    bytecode: testProgram([op.push(word('3')), op.push(word('1.5'))]),
    inputs: [{ token: input.address, vaultId }],
    outputs: [{ token: output.address, vaultId }],
    nonce: ++nonce,
  })
  await book.mine(4)
  lastOrder = orderHash
  return { deposit }
}

function market() {
  const [trader] = book.traders
  const [input, output] = book.tokens
  if (!trader || !input || !output) throw new Error('no market')
  return [trader, input, output] as const
}

type Member = {
  readonly raindex: SharedRaindex
  /** Its part of its own database. */
  readonly kept: LocalDatabaseBook
  /** Whether it cannot reach what is shared. */
  isCut: boolean
  /** How often it has asked a node. */
  requests(): number
  end(): Promise<void>
}

/** Somebody of a process of its own who shares what is kept under a name. */
async function openMember(name: string, more: Partial<SharedRaindexOptions> = {}): Promise<Member> {
  const { chainId, orderbook, deployedAt: fromBlock } = book
  const database = await openLocalDatabase({ path: ':memory:' })
  const file = await openSqliteSharedBooks({ path: join(folder, `${name}.sqlite`) })
  let requests = 0
  const counted: RpcFetch = (input, init) => {
    requests++
    return fetch(input, init)
  }
  const engine = await createWasmEvm()
  const cut = { isCut: false }
  const raindex = await openSharedRaindex({
    ...{ chainId, orderbook, fromBlock, database, lookMs: 10, heartbeatMs: 50, restMs: 20 },
    shared: cuttable(file, cut),
    pool: createRpcPool({ chainId, rpcs: [book.url], fetch: counted }),
    heads: createChainHeads({ pollMs: 20 }),
    interpreter: (cache) =>
      createEvmInterpreter({ engine, cache, chainId: BigInt(chainId), orderbook: orderbook.address }),
    ...more,
  })
  return Object.assign(cut, {
    raindex,
    kept: database.book({ chainId, orderbook }),
    requests: () => requests,
    async end() {
      await raindex.close()
      await file.close()
      await database.close()
    },
  })
}

/** What is shared, which can be put out of reach: a lock that was held is lost with it. */
function cuttable(shared: SharedBooks, cut: { readonly isCut: boolean }): SharedBooks {
  const orCut = async <T>(work: () => Promise<T>): Promise<T> => {
    if (cut.isCut) throw sharedUnreachable('it was cut', undefined)
    return work()
  }
  return {
    close: () => shared.close(),
    book(id) {
      const inner = shared.book(id)
      return {
        cursor: () => orCut(() => inner.cursor()),
        snapshot: (at) => orCut(() => inner.snapshot(at)),
        changes: (after, limit) => orCut(() => inner.changes(after, limit)),
        code: () => orCut(() => inner.code()),
        subscribe: (listener) => inner.subscribe(listener),
        lead: () =>
          orCut(async () => {
            const writer = await inner.lead()
            return (
              writer && {
                ...writer,
                putSnapshot: (snapshot, code) => orCut(() => writer.putSnapshot(snapshot, code)),
                append: (change) => orCut(() => writer.append(change)),
                tell: (news) => orCut(() => writer.tell(news)),
              }
            )
          }),
      }
    },
  }
}

/** Every member is at the chain's head, and knows it. */
async function isAtHead({ raindex }: Member): Promise<boolean> {
  const { number, hash } = await book.head()
  const { live, freshness } = raindex
  const isThere = live.cursor?.block === number && live.cursor.hash === hash
  return isThere && live.status.phase !== 'PendingArtifacts' && freshness.chain.state === 'live'
}

async function untilAll(
  members: readonly Member[],
  isIt: (member: Member) => boolean | Promise<boolean>,
): Promise<void> {
  for (const member of members) while (!(await isIt(member))) await change(member)
}

/** A change of the member, or a turn of the clock: the chain may have gone on meanwhile. */
function change({ raindex }: Member): Promise<void> {
  return new Promise((resolve) => {
    const stop = raindex.subscribe(() => {
      stop()
      resolve()
    })
  })
}

function stateOf({ raindex }: Member): unknown {
  return raindex.live.snapshot()
}

function held({ raindex }: Member) {
  const [trader, , output] = market()
  const { vaultBalances, orders } = raindex.live.snapshot()
  const vault = vaultBalances.find(({ owner, token }) => owner === trader.address && token === output.address)
  return {
    balance: vault === undefined ? '0' : display(hexToFloat(vault.balance)),
    orders: orders.map(({ hash }) => hash),
  }
}

async function chainSays(member: Member) {
  const [trader, , output] = market()
  const { orders } = member.raindex.live.snapshot()
  const exist = await Promise.all(orders.map(({ hash }) => book.orderExists(hash)))
  return {
    balance: display(await book.vaultBalance(trader.address, output.address, vaultId)),
    orders: orders.map(({ hash }) => hash).filter((_, at) => exist[at]),
  }
}

function quoteOf({ raindex }: Member) {
  const counterparty = `0x${'0'.repeat(40)}` as const
  return raindex.live.quote({ order: lastOrder, inputIOIndex: 0, outputIOIndex: 0, counterparty })
}
