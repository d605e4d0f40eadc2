import { div, gt, isZero, lt, mul, sub, zero, type Float } from '../float/index.ts'
import { calculateIO, pairIOs, type Calculation, type EvaluationHost } from './calculate-io.ts'
import type { ClearConfig, ClearStateChange, SignedContext } from './event.ts'
import { handleIO } from './handle-io.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Mutation } from './mutation.ts'
import { reasonOf, Unquotable, type NotComparable } from './not-comparable.ts'
import { hashOrder, type Order } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { createWorkingState, type WorkingState } from './working-state.ts'

/** Two orders that want what the other has, and who brings them together. */
export type ClearRequest = {
  readonly alice: Order
  readonly bob: Order
  readonly config: ClearConfig
  /** What alice's signers say to bob's program is in `bobSignedContext`, as `clear3` has it. */
  readonly aliceSignedContext?: readonly SignedContext[] | undefined
  readonly bobSignedContext?: readonly SignedContext[] | undefined
  /** Gets what is left between the two. */
  readonly clearer: Address
}

export type ClearOutcome =
  | {
      readonly kind: 'cleared'
      readonly change: ClearStateChange
      readonly aliceBounty: Float
      readonly bobBounty: Float
      /** What the clear would change: at most one of vaults and one of store words. */
      readonly mutations: readonly Mutation[]
    }
  /** One of them is not live: the chain does nothing and says so. */
  | { readonly kind: 'order-not-found'; readonly orderHash: Bytes32 }
  | { readonly kind: 'not-comparable'; readonly reason: NotComparable }

/**
 * Simulates clearing two orders against each other, as `clear3` does. Changes nothing.
 *
 * Each gives what the other takes at the ratio it asks; the smaller maximum limits both.
 */
export async function simulateClear(
  host: EvaluationHost,
  state: OrderbookState,
  request: ClearRequest,
): Promise<ClearOutcome> {
  try {
    return await clear(host, createWorkingState(state, host.orderbook.version), request)
  } catch (error) {
    return { kind: 'not-comparable', reason: reasonOf(error) }
  }
}

async function clear(
  host: EvaluationHost,
  working: WorkingState,
  request: ClearRequest,
): Promise<ClearOutcome> {
  const { alice, bob, config, clearer } = request
  checkPair(request)
  for (const order of [alice, bob]) {
    const orderHash = hashOrder(order)
    if (working.order(orderHash) === undefined) return { kind: 'order-not-found', orderHash }
  }
  const aliceFound = calculateIO(host, working, alicePair(request))
  const aliceSide = aliceFound instanceof Promise ? await aliceFound : aliceFound
  const bobFound = calculateIO(host, working, bobPair(request))
  const bobSide = bobFound instanceof Promise ? await bobFound : bobFound
  const change = changeOf(aliceSide, bobSide)
  const handled = [
    move(working, aliceSide, change.aliceInput, change.aliceOutput),
    move(working, bobSide, change.bobInput, change.bobOutput),
  ]
  const aliceBounty = sub(change.aliceOutput, change.bobInput)
  const bobBounty = sub(change.bobOutput, change.aliceInput)
  if (lt(aliceBounty, zero) || lt(bobBounty, zero)) throw new Unquotable({ kind: 'NegativeBounty' })
  const { aliceBountyVaultId, bobBountyVaultId } = config
  working.increase(clearer, { token: aliceSide.parts.output.token, vaultId: aliceBountyVaultId }, aliceBounty)
  working.increase(clearer, { token: bobSide.parts.output.token, vaultId: bobBountyVaultId }, bobBounty)
  for (const side of handled) {
    const step = handleIO(host, working, side)
    if (step instanceof Promise) await step
  }
  if (isZero(change.aliceOutput) && isZero(change.bobOutput))
    throw new Unquotable({ kind: 'ClearZeroAmount' })
  return { kind: 'cleared', change, aliceBounty, bobBounty, mutations: working.mutations() }
}

/** @throws {Unquotable} in the order of the chain. */
function checkPair({ alice, bob, config }: ClearRequest): void {
  if (alice.owner === bob.owner) throw new Unquotable({ kind: 'SameOwner' })
  const aliceIOs = pairIOs(alice, config.aliceInputIOIndex, config.aliceOutputIOIndex)
  const bobIOs = pairIOs(bob, config.bobInputIOIndex, config.bobOutputIOIndex)
  const match = aliceIOs.output.token === bobIOs.input.token && bobIOs.output.token === aliceIOs.input.token
  if (!match) throw new Unquotable({ kind: 'TokenMismatch' })
  if (aliceIOs.input.token === aliceIOs.output.token) throw new Unquotable({ kind: 'TokenSelfTrade' })
}

/** Each order's counterparty is the other's owner, and it reads the context signed for the other side. */
function alicePair({
  alice,
  bob,
  config,
  bobSignedContext = [],
}: ClearRequest): Parameters<typeof calculateIO>[2] {
  const { aliceInputIOIndex: inputIOIndex, aliceOutputIOIndex: outputIOIndex } = config
  return {
    order: alice,
    inputIOIndex,
    outputIOIndex,
    counterparty: bob.owner,
    signedContext: bobSignedContext,
  }
}

function bobPair({
  alice,
  bob,
  config,
  aliceSignedContext = [],
}: ClearRequest): Parameters<typeof calculateIO>[2] {
  const { bobInputIOIndex: inputIOIndex, bobOutputIOIndex: outputIOIndex } = config
  return {
    order: bob,
    inputIOIndex,
    outputIOIndex,
    counterparty: alice.owner,
    signedContext: aliceSignedContext,
  }
}

function changeOf(alice: Calculation, bob: Calculation): ClearStateChange {
  const aliceSide = sideOf(alice, bob)
  const bobSide = sideOf(bob, alice)
  return {
    aliceOutput: aliceSide.output,
    bobOutput: bobSide.output,
    aliceInput: aliceSide.input,
    bobInput: bobSide.input,
  }
}

function sideOf(mine: Calculation, theirs: Calculation): { readonly input: Float; readonly output: Float } {
  const input = mul(mine.outputMax, mine.ioRatio)
  if (!gt(input, theirs.outputMax)) return { input, output: mine.outputMax }
  return { input: theirs.outputMax, output: div(theirs.outputMax, mine.ioRatio) }
}

function move(
  working: WorkingState,
  side: Calculation,
  input: Float,
  output: Float,
): Parameters<typeof handleIO>[2] {
  const { parts, ioRatio, outputMax } = side
  working.increase(parts.order.owner, parts.input, input)
  working.decrease(parts.order.owner, parts.output, output)
  return { calculation: side, calculated: { outputMax, ioRatio, inputDiff: input, outputDiff: output } }
}
