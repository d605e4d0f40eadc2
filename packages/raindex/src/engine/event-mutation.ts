import { fromFixedDecimalLossy, isZero, minus, sub, type Float } from '../float/index.ts'
import type { ClearConfig, ClearStateChange, RaindexEvent } from './event.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Mutation, VaultDelta } from './mutation.ts'
import type { Order, OrderIO } from './order.ts'
import { isVaultless, type Orderbook } from './orderbook.ts'
import { RaindexError } from './raindex-error.ts'

type EventOf<Kind extends RaindexEvent['kind']> = Extract<RaindexEvent, { readonly kind: Kind }>

/** Events that change the state by themselves; the two halves of a clear do so together. */
export type ChangingEvent = EventOf<
  'AddOrderV3' | 'RemoveOrderV3' | 'DepositV2' | 'WithdrawV2' | 'TakeOrderV3' | 'Set'
>

/** What turning events into mutations has to know. */
export type MutationContext = {
  readonly version: Orderbook['version']
  /** Decimals of a token: the event of a deposit gives a whole number only. */
  readonly decimalsOf: (token: Address) => number | undefined
}

/**
 * What an event changes.
 *
 * Movements of nothing are left out of takes, so that they make no vault.
 *
 * @returns undefined when it changes nothing.
 * @throws {RaindexError} `TokenDecimalMissing`, `InvalidInputIndex`, `InvalidOutputIndex`
 */
export function eventToMutation(event: ChangingEvent, context: MutationContext): Mutation | undefined {
  switch (event.kind) {
    case 'AddOrderV3':
      return { kind: 'setOrders', orders: [event.order] }
    case 'RemoveOrderV3':
      return { kind: 'removeOrders', orderHashes: [event.orderHash] }
    case 'DepositV2':
      return vaultDeltas([depositDelta(event, context)], context)
    case 'WithdrawV2':
      return vaultDeltas([{ ...vaultOf(event), delta: minus(event.withdrawAmount) }], context)
    case 'TakeOrderV3':
      return vaultDeltas(takeDeltas(event).filter(moves), context)
    case 'Set': {
      const { store, fqn, key, value } = event
      return { kind: 'applyStore', sets: [{ store, fqn, kvs: [{ key, value }] }] }
    }
  }
}

/**
 * What a clear changes: what both orders take in and give out, and what is left between them, which goes to
 * whoever cleared. Movements of nothing are left out.
 *
 * @returns undefined when it changes nothing.
 * @throws {RaindexError} `InvalidInputIndex`, `InvalidOutputIndex`
 */
export function clearToMutation(
  { sender, alice, bob, config }: EventOf<'ClearV3'>,
  { change }: EventOf<'AfterClearV2'>,
  context: MutationContext,
): Mutation | undefined {
  const deltas = [
    ...orderDeltas(
      alice,
      config.aliceInputIOIndex,
      config.aliceOutputIOIndex,
      change.aliceInput,
      change.aliceOutput,
    ),
    ...orderDeltas(bob, config.bobInputIOIndex, config.bobOutputIOIndex, change.bobInput, change.bobOutput),
    ...bountyDeltas(
      sender,
      outputOf(alice, config.aliceOutputIOIndex),
      outputOf(bob, config.bobOutputIOIndex),
      config,
      change,
    ),
  ]
  return vaultDeltas(deltas.filter(moves), context)
}

function depositDelta(
  { amount, ...event }: EventOf<'DepositV2'>,
  { decimalsOf }: MutationContext,
): VaultDelta {
  const vault = vaultOf(event)
  const decimals = decimalsOf(vault.token)
  // Lossy in name only: the chain took the amount from a float, so that what does not fit ends in zeros.
  if (decimals !== undefined) return { ...vault, delta: fromFixedDecimalLossy(amount, decimals).float }
  const message = `The decimals of the token ${vault.token} are not known. Give them before its deposits are applied.`
  throw new RaindexError('TokenDecimalMissing', message, { token: vault.token })
}

/** The order gains what the taker gave and loses what the taker got. */
function takeDeltas({
  order,
  inputIOIndex,
  outputIOIndex,
  input,
  output,
}: EventOf<'TakeOrderV3'>): VaultDelta[] {
  return orderDeltas(order, inputIOIndex, outputIOIndex, output, input)
}

function orderDeltas(
  order: Order,
  inputIndex: number,
  outputIndex: number,
  gained: Float,
  lost: Float,
): VaultDelta[] {
  const { owner } = order
  return [
    { owner, ...inputOf(order, inputIndex), delta: gained },
    { owner, ...outputOf(order, outputIndex), delta: minus(lost) },
  ]
}

function bountyDeltas(
  owner: Address,
  aliceOutput: OrderIO,
  bobOutput: OrderIO,
  { aliceBountyVaultId, bobBountyVaultId }: ClearConfig,
  change: ClearStateChange,
): VaultDelta[] {
  const { aliceOutput: aliceGave, bobOutput: bobGave, aliceInput: aliceGot, bobInput: bobGot } = change
  return [
    { owner, token: aliceOutput.token, vaultId: aliceBountyVaultId, delta: sub(aliceGave, bobGot) },
    { owner, token: bobOutput.token, vaultId: bobBountyVaultId, delta: sub(bobGave, aliceGot) },
  ]
}

function vaultOf(event: { readonly sender: Address; readonly token: Address; readonly vaultId: Bytes32 }): {
  readonly owner: Address
  readonly token: Address
  readonly vaultId: Bytes32
} {
  return { owner: event.sender, token: event.token, vaultId: event.vaultId }
}

function inputOf({ validInputs }: Order, index: number): OrderIO {
  const io = validInputs[index]
  if (io !== undefined) return io
  const message = `The order has ${validInputs.length} inputs and no number ${index}.`
  throw new RaindexError('InvalidInputIndex', message, { index, length: validInputs.length })
}

function outputOf({ validOutputs }: Order, index: number): OrderIO {
  const io = validOutputs[index]
  if (io !== undefined) return io
  const message = `The order has ${validOutputs.length} outputs and no number ${index}.`
  throw new RaindexError('InvalidOutputIndex', message, { index, length: validOutputs.length })
}

function moves({ delta }: VaultDelta): boolean {
  return !isZero(delta)
}

function vaultDeltas(deltas: readonly VaultDelta[], { version }: MutationContext): Mutation | undefined {
  const inVaults = deltas.filter(({ vaultId }) => !isVaultless(version, vaultId))
  return inVaults.length === 0 ? undefined : { kind: 'vaultDeltas', deltas: inVaults }
}
