import {
  encodeOrder,
  hashOrder,
  type ClearConfig,
  type Order,
  type OrderIO,
  type RaindexEvent,
} from '../../engine/index.ts'
import { floatToHex, fromFixedDecimalLossy, type Float } from '../../float/index.ts'
import type { EventTable } from './schema.ts'
import type { SqlValue } from './sql-database.ts'

/** Rows that an event makes in the tables of the public schema. */
export type EventRows = {
  readonly table: EventTable
  /** The columns of the table's own, behind those of place and time. */
  readonly values: readonly SqlValue[]
  /** Rows that hang on it: the columns behind chain, order book, transaction and log index. */
  readonly children: readonly { readonly table: ChildTable; readonly values: readonly SqlValue[] }[]
}

type ChildTable = 'order_ios' | 'take_order_contexts' | 'context_values'

const hex = (float: Float): string => floatToHex(float)

/**
 * What an event becomes in the decoded tables.
 *
 * @param decimalsOf - Of the token of a deposit; without them a deposit has no row, since its amount is no float.
 * @returns undefined for events that have no table.
 */
export function eventRows(
  event: RaindexEvent,
  decimalsOf: (token: string) => number | undefined,
): EventRows | undefined {
  switch (event.kind) {
    case 'AddOrderV3':
    case 'RemoveOrderV3':
      return orderRows(event)
    case 'DepositV2': {
      const { sender, token, vaultId, amount } = event
      const decimals = decimalsOf(token)
      if (decimals === undefined) return undefined
      const { float } = fromFixedDecimalLossy(amount, decimals)
      return row('deposits', [sender, token, vaultId, hex(float), `0x${amount.toString(16)}`])
    }
    case 'WithdrawV2': {
      const { sender, token, vaultId, targetAmount, withdrawAmount, amount } = event
      const amounts = [hex(targetAmount), hex(withdrawAmount), `0x${amount.toString(16)}`]
      return row('withdrawals', [sender, token, vaultId, ...amounts])
    }
    case 'TakeOrderV3':
      return takeRows(event)
    case 'ClearV3':
      return row('clear_v3_events', clearValues(event))
    case 'AfterClearV2': {
      const { aliceOutput, bobOutput, aliceInput, bobInput } = event.change
      return row('after_clear_v2_events', [
        event.sender,
        ...[aliceOutput, bobOutput, aliceInput, bobInput].map(hex),
      ])
    }
    case 'Set':
      return row('interpreter_store_sets', [event.store, event.fqn, event.key, event.value])
    case 'MetaV1_2':
      return row('meta_events', [event.sender, event.subject, bytesOf(event.meta)])
    case 'ContextV2':
    case 'OrderNotFound':
    case 'OrderZeroAmount':
    case 'OrderExceedsMaxRatio':
    case 'unknown':
      return undefined
  }
}

function row(
  table: EventTable,
  values: readonly SqlValue[],
  children: EventRows['children'] = [],
): EventRows {
  return { table, values, children }
}

function orderRows(
  event: Extract<RaindexEvent, { readonly kind: 'AddOrderV3' | 'RemoveOrderV3' }>,
): EventRows {
  const { kind, sender, orderHash, order } = event
  const { owner, evaluable, validInputs, validOutputs, nonce } = order
  const values = [
    sender,
    evaluable.interpreter,
    evaluable.store,
    orderHash,
    kind,
    owner,
    nonce,
    encodeOrder(order),
  ]
  const ios = (type: 'input' | 'output', list: readonly OrderIO[]): EventRows['children'] =>
    list.map(({ token, vaultId }, at) => ({ table: 'order_ios', values: [at, type, token, vaultId] }))
  return row('order_events', values, [...ios('input', validInputs), ...ios('output', validOutputs)])
}

function takeRows(event: Extract<RaindexEvent, { readonly kind: 'TakeOrderV3' }>): EventRows {
  const { sender, order, inputIOIndex, outputIOIndex, input, output, signedContext } = event
  const children = signedContext.flatMap(({ signer, signature, context }, at): EventRows['children'] => [
    { table: 'take_order_contexts', values: [at, `signer:${signer},signature:${signature}`] },
    ...context.map((word, i) => ({ table: 'context_values' as const, values: [at, i, word] })),
  ])
  const indexes = [inputIOIndex, outputIOIndex]
  return row('take_orders', [sender, order.owner, order.nonce, ...indexes, hex(input), hex(output)], children)
}

function clearValues({
  sender,
  alice,
  bob,
  config,
}: Extract<RaindexEvent, { readonly kind: 'ClearV3' }>): readonly SqlValue[] {
  const { aliceInputIOIndex, aliceOutputIOIndex, bobInputIOIndex, bobOutputIOIndex }: ClearConfig = config
  const side = (order: Order, input: number, output: number, bountyVault: string): readonly SqlValue[] => [
    hashOrder(order),
    order.owner,
    input,
    output,
    bountyVault,
    order.validInputs[input]?.vaultId ?? '0x',
    order.validOutputs[output]?.vaultId ?? '0x',
  ]
  return [
    sender,
    ...side(alice, aliceInputIOIndex, aliceOutputIOIndex, config.aliceBountyVaultId),
    ...side(bob, bobInputIOIndex, bobOutputIOIndex, config.bobBountyVaultId),
  ]
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from({ length: (text.length - 2) / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 + 2 * at, 4 + 2 * at), 16),
  )
}
