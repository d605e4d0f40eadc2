import {
  hashOrder,
  type Address,
  type Bytes32,
  type ClearConfig,
  type RaindexEvent,
  type SignedContext,
} from '../../engine/index.ts'
import { rememberSigned } from '../../engine/signed-context.ts'
import type { Float } from '../../float/index.ts'
import type { HistoryEvent } from './replay-history.ts'

/** What a marker needs of an event. Orders are named by their hash: kept whole, a long history would not fit. */
export type OrderEvent =
  | { readonly kind: 'add' | 'remove'; readonly orderHash: Bytes32 }
  | {
      readonly kind: 'deposit' | 'withdraw'
      readonly owner: Address
      readonly token: Address
      readonly vaultId: Bytes32
    }
  | {
      readonly kind: 'take'
      readonly orderHash: Bytes32
      readonly inputIOIndex: number
      readonly outputIOIndex: number
      /** What the order took in and gave out. */
      readonly tookIn: Float
      readonly gaveOut: Float
      /** Words that were signed for it; absent where there were none. */
      readonly signed?: readonly SignedContext[] | undefined
    }
  | { readonly kind: 'clear'; readonly alice: ClearSide; readonly bob: ClearSide }
  | { readonly kind: 'store'; readonly store: Address; readonly fqn: Bytes32 }

export type ClearSide = Omit<Extract<OrderEvent, { readonly kind: 'take' }>, 'kind' | 'signed'>

export type PlacedEvent = OrderEvent & { readonly logIndex: number; readonly transactionHash: Bytes32 }

/** The events of a block that markers are made of. A clear and its effect become one, in the place of the effect. */
export function orderEvents(events: readonly HistoryEvent[]): readonly PlacedEvent[] {
  const clears = createClearPairs()
  return events.flatMap(({ event, logIndex, transactionHash }): PlacedEvent[] => {
    const found = orderEvent(event, transactionHash, clears)
    return found === undefined ? [] : [{ ...found, logIndex, transactionHash: ownText(transactionHash) }]
  })
}

function orderEvent(
  event: RaindexEvent,
  transactionHash: Bytes32,
  clears: ReturnType<typeof createClearPairs>,
): OrderEvent | undefined {
  switch (event.kind) {
    case 'AddOrderV3':
      return { kind: 'add', orderHash: ownText(event.orderHash) }
    case 'RemoveOrderV3':
      return { kind: 'remove', orderHash: ownText(event.orderHash) }
    case 'DepositV2':
      return { kind: 'deposit', ...vaultOf(event) }
    case 'WithdrawV2':
      return { kind: 'withdraw', ...vaultOf(event) }
    case 'TakeOrderV3': {
      const { order, inputIOIndex, outputIOIndex, input, output, signedContext } = event
      // Input and output are the taker's.
      const trade = { tookIn: output, gaveOut: input }
      const signed = signedContext.length === 0 ? {} : { signed: signedContext.map(ownSigned) }
      return { kind: 'take', orderHash: hashOrder(order), inputIOIndex, outputIOIndex, ...trade, ...signed }
    }
    case 'ClearV3':
      clears.begin(event, transactionHash)
      return undefined
    case 'AfterClearV2':
      return clears.finish(event, transactionHash)
    case 'Set':
      return { kind: 'store', store: ownText(event.store), fqn: ownText(event.fqn) }
    default:
      return undefined
  }
}

type Clear = Extract<RaindexEvent, { readonly kind: 'ClearV3' }>
type AfterClear = Extract<RaindexEvent, { readonly kind: 'AfterClearV2' }>

/** Pairs a clear with its effect inside its transaction, first come first paired, as the engine does. */
function createClearPairs(): {
  begin(clear: Clear, transactionHash: Bytes32): void
  finish(after: AfterClear, transactionHash: Bytes32): OrderEvent | undefined
} {
  let open: Clear[] = []
  let transaction: Bytes32 | undefined
  const enter = (transactionHash: Bytes32): void => {
    if (transactionHash !== transaction) open = []
    transaction = transactionHash
  }
  return {
    begin(clear, transactionHash) {
      enter(transactionHash)
      open.push(clear)
    },
    finish({ change }, transactionHash) {
      enter(transactionHash)
      const clear = open.shift()
      if (clear === undefined) return undefined
      const side = (name: 'alice' | 'bob', config: ClearConfig): ClearSide => ({
        orderHash: hashOrder(clear[name]),
        inputIOIndex: config[`${name}InputIOIndex`],
        outputIOIndex: config[`${name}OutputIOIndex`],
        tookIn: change[`${name}Input`],
        gaveOut: change[`${name}Output`],
      })
      return { kind: 'clear', alice: side('alice', clear.config), bob: side('bob', clear.config) }
    },
  }
}

function vaultOf(event: { readonly sender: Address; readonly token: Address; readonly vaultId: Bytes32 }): {
  readonly owner: Address
  readonly token: Address
  readonly vaultId: Bytes32
} {
  return { owner: ownText(event.sender), token: ownText(event.token), vaultId: ownText(event.vaultId) }
}

/** The chain took it, so that its signature was good. */
function ownSigned({ signer, context, signature }: SignedContext): SignedContext {
  const signed = { signer: ownText(signer), context: context.map(ownText), signature: ownText(signature) }
  rememberSigned(signed)
  return signed
}

/** Texts that many events have in common, each kept once. */
const texts = new Map<string, string>()
const mostTexts = 100_000

/** The text by itself: one that was cut out of a log keeps the whole log in memory until it is a key. */
function ownText<T extends string>(text: T): T {
  // The same text, only another copy of it.
  const known = texts.get(text) as T | undefined
  if (known !== undefined) return known
  if (texts.size >= mostTexts) texts.clear()
  texts.set(text, text)
  return text
}
