import {
  hashOrder,
  qualifiedNamespace,
  type Address,
  type Bytes32,
  type ClearConfig,
  type Order,
  type OrderIO,
  type RaindexEvent,
} from '../../engine/index.ts'
import { div, floatToHex, isZero, type Float } from '../../float/index.ts'
import type { Timeline } from './timeline.ts'

export type MarkerKind = 'add' | 'remove' | 'deposit' | 'withdraw' | 'take' | 'clear' | 'store'

/** Something that happened to the order, its vaults or its words. */
export type ReplayMarker = {
  readonly kind: MarkerKind
  /** Seconds since 1970. */
  readonly time: number
  readonly blockNumber: number
  readonly logIndex: number
  readonly transactionHash: Bytes32
  /** Of a trade in the pair: what the order took in per unit it gave out, a float. Compare it with the quote. */
  readonly price?: Bytes32 | undefined
  /** Of a trade in the pair: what the order gave out, a float. */
  readonly amount?: Bytes32 | undefined
}

/** The pair whose events are looked for. */
export type MarkedPair = {
  readonly order: Order
  readonly inputIOIndex: number
  readonly outputIOIndex: number
}

/** The events of a pair from one second to another, in their order. */
export function markersOf(
  timeline: Timeline,
  pair: MarkedPair,
  from: number,
  to: number,
): readonly ReplayMarker[] {
  const read = createMarkerReader(pair, timeline.history.orderbook.address)
  const markers: ReplayMarker[] = []
  for (let place = Math.max(0, timeline.placeAt(from - 1) + 1); place <= timeline.placeAt(to); place++) {
    const [blockNumber, time] = [timeline.blockNumbers[place] ?? 0, timeline.timestamps[place] ?? 0]
    for (const { logIndex, transactionHash, event } of timeline.events[place] ?? []) {
      const found = read(event, transactionHash)
      if (found !== undefined) markers.push({ ...found, time, blockNumber, logIndex, transactionHash })
    }
  }
  return markers
}

type Found = Pick<ReplayMarker, 'kind' | 'price' | 'amount'>

function createMarkerReader(
  { order, inputIOIndex, outputIOIndex }: MarkedPair,
  orderbook: Address,
): (event: RaindexEvent, transactionHash: Bytes32) => Found | undefined {
  const hash = hashOrder(order)
  const fqn = qualifiedNamespace(order.owner, orderbook)
  const vaults = [order.validInputs[inputIOIndex], order.validOutputs[outputIOIndex]]
  const isOwn = (sender: Address, io: OrderIO): boolean =>
    sender === order.owner && vaults.some((own) => own?.token === io.token && own.vaultId === io.vaultId)
  const clears = createClearReader(hash, inputIOIndex, outputIOIndex)
  return (event, transactionHash) => {
    switch (event.kind) {
      case 'AddOrderV3':
        return event.orderHash === hash ? { kind: 'add' } : undefined
      case 'RemoveOrderV3':
        return event.orderHash === hash ? { kind: 'remove' } : undefined
      case 'DepositV2':
        return isOwn(event.sender, event) ? { kind: 'deposit' } : undefined
      case 'WithdrawV2':
        return isOwn(event.sender, event) ? { kind: 'withdraw' } : undefined
      case 'TakeOrderV3': {
        if (hashOrder(event.order) !== hash) return undefined
        const isPair = event.inputIOIndex === inputIOIndex && event.outputIOIndex === outputIOIndex
        // Input and output are the taker's.
        return isPair ? { kind: 'take', ...trade(event.output, event.input) } : { kind: 'take' }
      }
      case 'ClearV3':
        clears.begin(event, transactionHash)
        return undefined
      case 'AfterClearV2':
        return clears.finish(event, transactionHash)
      case 'Set':
        return event.store === order.evaluable.store && event.fqn === fqn ? { kind: 'store' } : undefined
      default:
        return undefined
    }
  }
}

type Clear = Extract<RaindexEvent, { readonly kind: 'ClearV3' }>
type AfterClear = Extract<RaindexEvent, { readonly kind: 'AfterClearV2' }>

/** Pairs a clear with its effect inside its transaction, first come first paired, as the engine does. */
function createClearReader(
  hash: Bytes32,
  inputIOIndex: number,
  outputIOIndex: number,
): {
  begin(clear: Clear, transactionHash: Bytes32): void
  finish(after: AfterClear, transactionHash: Bytes32): Found | undefined
} {
  let open: Clear[] = []
  let transaction: Bytes32 | undefined
  const enter = (transactionHash: Bytes32): void => {
    if (transactionHash !== transaction) open = []
    transaction = transactionHash
  }
  const isPair = (config: ClearConfig, side: 'alice' | 'bob'): boolean =>
    config[`${side}InputIOIndex`] === inputIOIndex && config[`${side}OutputIOIndex`] === outputIOIndex
  return {
    begin(clear, transactionHash) {
      enter(transactionHash)
      open.push(clear)
    },
    finish({ change }, transactionHash) {
      enter(transactionHash)
      const clear = open.shift()
      if (clear === undefined) return undefined
      const side =
        hashOrder(clear.alice) === hash ? 'alice' : hashOrder(clear.bob) === hash ? 'bob' : undefined
      if (side === undefined) return undefined
      if (!isPair(clear.config, side)) return { kind: 'clear' }
      return { kind: 'clear', ...trade(change[`${side}Input`], change[`${side}Output`]) }
    },
  }
}

/** A price only where something was given out. */
function trade(tookIn: Float, gaveOut: Float): Pick<Found, 'price' | 'amount'> {
  if (isZero(gaveOut)) return {}
  return { price: floatToHex(div(tookIn, gaveOut)), amount: floatToHex(gaveOut) }
}
