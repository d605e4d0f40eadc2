import type { Random } from '@freshet/core'
import {
  createRaindexProjection,
  hashOrder,
  readRpcLog,
  replayLogs,
  vaultRowId,
  type Address,
  type Bytes32,
  type Order,
  type OrderRow,
  type Orderbook,
  type VaultRow,
} from '../engine/index.ts'
import { add, floatToHex, isZero, lt, mul, packLossless, parse, zero, type Float } from '../float/index.ts'
import { encodeEvent, type EventName } from './event-logs.ts'
import type { FakeChain, FakeLog } from './fake-node-chain.ts'
import { bookCode } from './fake-node-golden.ts'
import { addressOf, wordOf } from './fixture-order.ts'
import { createMapDraft, type MapDraft } from './map-draft.ts'

/** The order book that the stories are about. */
export const storyBook: Orderbook = { address: addressOf(0x99), version: 'v5' }

const owners = [addressOf(0x41), addressOf(0x42)]
const interpreters = [addressOf(0xa1), addressOf(0xa2)]
const stores = [addressOf(0xb1), addressOf(0xb2), addressOf(0xb3)]
const tokens = [addressOf(0x10), addressOf(0x20)]
/** Tells no decimals. */
const dumbToken = addressOf(0x66)
const vaultIds = [wordOf(1), wordOf(2)]

/** Gives a chain the book and the tokens; the code of interpreters and stores is given by `storyCode`. */
export function prepareStory(chain: FakeChain): void {
  chain.code.set(storyBook.address, bookCode)
  for (const [at, token] of tokens.entries()) chain.tokens.set(token, 6 + 12 * at)
}

/** Puts the code of everything that orders need on the chain. */
export function storyCode(chain: FakeChain): void {
  for (const address of [...interpreters, ...stores]) chain.code.set(address, '0x6001')
}

/** What the logs of a next block could be: nothing that the chain before it would not allow. */
export function storyLogs(random: Random, chain: FakeChain): readonly FakeLog[] {
  const below = (bound: number): number => Math.floor(random.next() * bound)
  const pick = <T>(list: readonly [T, ...T[]] | readonly T[]): T => {
    const item = list[below(list.length)]
    if (item === undefined) throw new Error('Nothing to pick from.')
    return item
  }
  const draft = draftOf(chain)
  const logs: FakeLog[] = []
  let transaction = 0
  const emit = (name: EventName, args: readonly unknown[], address: Address = storyBook.address): void =>
    void logs.push({ address, ...encodeEvent(name, args), transaction })
  const random0to3 = below(4)
  for (let i = 0; i < random0to3; i++, transaction++) {
    const live = draft.rows('orders').map((row) => row as OrderRow)
    const kind = below(9)
    if (kind === 0) {
      const order = randomOrder(pick, below)
      emit('AddOrderV3', [addressOf(0x77), hashOrder(order), order])
      createRaindexProjection('v5').apply(draft, [{ kind: 'setOrders', orders: [order] }])
    } else if (kind === 1 && live.length > 0) {
      const { hash, ...order } = pick(live)
      emit('RemoveOrderV3', [order.owner, hash, order])
      draft.delete('orders', hash)
    } else if (kind === 2 || kind === 3) {
      const token = below(12) === 0 ? dumbToken : pick(tokens)
      const amount = 1_000_000n * BigInt(1 + below(1_000))
      const [owner, vaultId] = [pick(owners), pick(vaultIds)]
      emit('DepositV2', [owner, token, vaultId, amount])
      // What is taken out below is less than what was there before; this adds to it only in later blocks.
    } else if (kind === 4) {
      const vault = held(draft, pick(owners), pick(tokens), pick(vaultIds))
      if (vault === undefined) continue
      const half = mul(vault.balance, parse('0.5'))
      emit('WithdrawV2', [vault.owner, vault.token, vault.vaultId, floatToHex(half), floatToHex(half), 1n])
      move(draft, vault, half)
    } else if (kind === 5 && live.length > 0) {
      take(draft, pick(live), emit)
    } else if (kind === 6 && live.length > 1) {
      clear(draft, pick(live), pick(live), emit)
    } else if (kind >= 7) {
      const sets = 1 + below(3)
      for (let s = 0; s < sets; s++)
        emit('Set', [BigInt(wordOf(below(2))), wordOf(below(4)), wordOf(below(250))], pick(stores))
    }
  }
  return logs
}

type Emit = (name: EventName, args: readonly unknown[], from?: Address) => void

function randomOrder(pick: <T>(list: readonly T[]) => T, below: (bound: number) => number): Order {
  const input = pick(tokens)
  const [output = input] = tokens.filter((token) => token !== input)
  return {
    owner: pick(owners),
    evaluable: { interpreter: pick(interpreters), store: pick(stores), bytecode: '0x00' },
    validInputs: [{ token: below(10) === 0 ? dumbToken : input, vaultId: pick(vaultIds) }],
    validOutputs: [{ token: output, vaultId: pick(vaultIds) }],
    nonce: wordOf(below(3)),
  }
}

function take(draft: MapDraft, { hash: _, ...order }: OrderRow, emit: Emit): void {
  const [io] = order.validOutputs
  const vault = io && held(draft, order.owner, io.token, io.vaultId)
  if (vault === undefined) return
  const gone = mul(vault.balance, parse('0.25'))
  emit('TakeOrderV3', [
    addressOf(0x77),
    { order, inputIOIndex: 0n, outputIOIndex: 0n, signedContext: [] },
    floatToHex(gone),
    floatToHex(packLossless(3n, -1)),
  ])
  move(draft, vault, gone)
}

function clear(
  draft: MapDraft,
  { hash: _, ...alice }: OrderRow,
  { hash: __, ...bob }: OrderRow,
  emit: Emit,
): void {
  const [a] = alice.validOutputs
  const [b] = bob.validOutputs
  const fromA = a && held(draft, alice.owner, a.token, a.vaultId)
  const fromB = b && held(draft, bob.owner, b.token, b.vaultId)
  if (fromA === undefined || fromB === undefined) return
  const [aliceOutput, bobOutput] = [mul(fromA.balance, parse('0.1')), mul(fromB.balance, parse('0.1'))]
  const config = {
    aliceInputIOIndex: 0n,
    aliceOutputIOIndex: 0n,
    bobInputIOIndex: 0n,
    bobOutputIOIndex: 0n,
    aliceBountyVaultId: wordOf(8),
    bobBountyVaultId: wordOf(9),
  }
  emit('ClearV3', [addressOf(0x77), alice, bob, config])
  const half = (float: Float): string => floatToHex(mul(float, parse('0.5')))
  emit('AfterClearV2', [
    addressOf(0x77),
    {
      aliceOutput: floatToHex(aliceOutput),
      bobOutput: floatToHex(bobOutput),
      aliceInput: half(bobOutput),
      bobInput: half(aliceOutput),
    },
  ])
  move(draft, fromA, aliceOutput)
  move(draft, fromB, bobOutput)
}

/** A vault that holds something. */
function held(draft: MapDraft, owner: Address, token: Address, vaultId: Bytes32): VaultRow | undefined {
  // Rows of vaults are written by the projection.
  const row = draft.get('vaults', vaultRowId(owner, token, vaultId)) as VaultRow | undefined
  return row === undefined || isZero(row.balance) || lt(row.balance, zero) ? undefined : row
}

function move(draft: MapDraft, vault: VaultRow, gone: Float): void {
  const id = vaultRowId(vault.owner, vault.token, vault.vaultId)
  // What came in during this block is left out, so that nothing is taken that a shorter reading would not have.
  draft.put('vaults', id, { ...vault, balance: add(vault.balance, mul(gone, parse('-1'))) })
}

/** The state after the chain's blocks; each block is replayed once. */
const drafts = new WeakMap<object, MapDraft>()

function draftOf(chain: FakeChain): MapDraft {
  const blocks = chain.blocks()
  let draft = createMapDraft()
  let from = 0
  for (let at = blocks.length - 1; at >= 0; at--) {
    const known = drafts.get(blocks[at] ?? {})
    if (known === undefined) continue
    draft = copyOf(known)
    from = at + 1
    break
  }
  const projection = createRaindexProjection(storyBook.version)
  for (const block of blocks.slice(from)) {
    const logs = block.logs.map(readRpcLog)
    const options = { decimalsOf: (token: Address) => chain.tokens.get(token) ?? 0, stores: new Set(stores) }
    for (const { mutations } of replayLogs(logs, storyBook, options).blocks)
      projection.apply(draft, mutations)
    drafts.set(block, copyOf(draft))
  }
  return copyOf(draft)
}

function copyOf(draft: MapDraft): MapDraft {
  const copy = createMapDraft()
  // Rows of both are written by the projection; what stores hold changes no log.
  for (const row of draft.rows('orders').map((item) => item as OrderRow)) copy.put('orders', row.hash, row)
  for (const row of draft.rows('vaults').map((item) => item as VaultRow))
    copy.put('vaults', vaultRowId(row.owner, row.token, row.vaultId), row)
  return copy
}
