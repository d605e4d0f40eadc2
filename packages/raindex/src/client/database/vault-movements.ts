import type { Address, Bytes32, Order, OrderIO, RaindexEvent } from '../../engine/index.ts'
import { fromFixedDecimalLossy, isZero, minus, sub, type Float } from '../../float/index.ts'

/** A movement of a vault, by the kinds of the public schema. */
export type VaultMovement = {
  readonly kind: string
  readonly owner: Address
  readonly token: Address
  readonly vaultId: Bytes32
  readonly delta: Float
}

/** A clear whose effect comes later in its transaction. */
export type OpenClear = Extract<RaindexEvent, { readonly kind: 'ClearV3' }>

/**
 * The movements an event makes, in the order in which the chain makes them; movements of nothing left out.
 *
 * @param clear - The clear that an `AfterClearV2` belongs to.
 */
export function vaultMovements(
  event: RaindexEvent,
  clear: OpenClear | undefined,
  decimalsOf: (token: string) => number | undefined,
): readonly VaultMovement[] {
  return movementsOf(event, clear, decimalsOf).filter(({ delta }) => !isZero(delta))
}

function movementsOf(
  event: RaindexEvent,
  clear: OpenClear | undefined,
  decimalsOf: (token: string) => number | undefined,
): readonly VaultMovement[] {
  if (event.kind === 'DepositV2') {
    const { sender: owner, token, vaultId, amount } = event
    const decimals = decimalsOf(token)
    if (decimals === undefined) return []
    return [{ kind: 'DEPOSIT', owner, token, vaultId, delta: fromFixedDecimalLossy(amount, decimals).float }]
  }
  if (event.kind === 'WithdrawV2') {
    const { sender: owner, token, vaultId, withdrawAmount } = event
    return [{ kind: 'WITHDRAW', owner, token, vaultId, delta: minus(withdrawAmount) }]
  }
  if (event.kind === 'TakeOrderV3') {
    const { order, inputIOIndex, outputIOIndex, input, output } = event
    return [
      ...at('TAKE_INPUT', order, order.validInputs[inputIOIndex], output),
      ...at('TAKE_OUTPUT', order, order.validOutputs[outputIOIndex], minus(input)),
    ]
  }
  return event.kind === 'AfterClearV2' && clear !== undefined ? clearMovements(clear, event.change) : []
}

type Change = Extract<RaindexEvent, { readonly kind: 'AfterClearV2' }>['change']

function clearMovements({ alice, bob, config, sender }: OpenClear, change: Change): readonly VaultMovement[] {
  const { aliceInput, aliceOutput, bobInput, bobOutput } = change
  const aliceOut = alice.validOutputs[config.aliceOutputIOIndex]
  const bobOut = bob.validOutputs[config.bobOutputIOIndex]
  const bounty = (
    kind: string,
    io: OrderIO | undefined,
    vaultId: Bytes32,
    delta: Float,
  ): readonly VaultMovement[] => (io ? [{ kind, owner: sender, token: io.token, vaultId, delta }] : [])
  return [
    ...at('CLEAR_ALICE_INPUT', alice, alice.validInputs[config.aliceInputIOIndex], aliceInput),
    ...at('CLEAR_ALICE_OUTPUT', alice, aliceOut, minus(aliceOutput)),
    ...at('CLEAR_BOB_INPUT', bob, bob.validInputs[config.bobInputIOIndex], bobInput),
    ...at('CLEAR_BOB_OUTPUT', bob, bobOut, minus(bobOutput)),
    ...bounty('CLEAR_ALICE_BOUNTY', aliceOut, config.aliceBountyVaultId, sub(aliceOutput, bobInput)),
    ...bounty('CLEAR_BOB_BOUNTY', bobOut, config.bobBountyVaultId, sub(bobOutput, aliceInput)),
  ]
}

function at(kind: string, { owner }: Order, io: OrderIO | undefined, delta: Float): readonly VaultMovement[] {
  return io ? [{ kind, owner, token: io.token, vaultId: io.vaultId, delta }] : []
}
