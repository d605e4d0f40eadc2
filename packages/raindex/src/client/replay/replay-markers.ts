import { hashOrder, qualifiedNamespace, type Address, type Bytes32, type Order } from '../../engine/index.ts'
import { div, FloatError, floatToHex, isZero } from '../../float/index.ts'
import type { ClearSide, OrderEvent } from './order-event.ts'
import type { Timeline } from './timeline.ts'

export type MarkerKind = OrderEvent['kind']

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
  const last = timeline.placeAt(to)
  for (let place = timeline.placeAt(from - 1) + 1; place <= last; place++) {
    const [blockNumber, time] = [timeline.blockNumbers[place] ?? 0, timeline.timestamps[place] ?? 0]
    for (const event of timeline.events[place] ?? []) {
      const trade = read(event)
      if (trade === undefined) continue
      const { kind, logIndex, transactionHash } = event
      markers.push({ kind, ...trade, time, blockNumber, logIndex, transactionHash })
    }
  }
  return markers
}

type Trade = Pick<ReplayMarker, 'price' | 'amount'>

/** Tells the events of a pair, with the trade they made in it. */
function createMarkerReader(
  { order, inputIOIndex, outputIOIndex }: MarkedPair,
  orderbook: Address,
): (event: OrderEvent) => Trade | undefined {
  const hash = hashOrder(order)
  const fqn = qualifiedNamespace(order.owner, orderbook)
  const vaults = [order.validInputs[inputIOIndex], order.validOutputs[outputIOIndex]]
  const tradeOf = (side: ClearSide): Trade =>
    side.inputIOIndex === inputIOIndex && side.outputIOIndex === outputIOIndex ? priceOf(side) : {}
  return (event) => {
    switch (event.kind) {
      case 'add':
      case 'remove':
        return event.orderHash === hash ? {} : undefined
      case 'deposit':
      case 'withdraw': {
        const { owner, token, vaultId } = event
        const isOwn = vaults.some((io) => io?.token === token && io.vaultId === vaultId)
        return owner === order.owner && isOwn ? {} : undefined
      }
      case 'take':
        return event.orderHash === hash ? tradeOf(event) : undefined
      case 'clear': {
        const side = [event.alice, event.bob].find(({ orderHash }) => orderHash === hash)
        return side && tradeOf(side)
      }
      case 'store':
        return event.store === order.evaluable.store && event.fqn === fqn ? {} : undefined
    }
  }
}

/** A price only where something was given out, and a float can say it. */
function priceOf({ tookIn, gaveOut }: ClearSide): Trade {
  if (isZero(gaveOut)) return {}
  try {
    return { price: floatToHex(div(tookIn, gaveOut)), amount: floatToHex(gaveOut) }
  } catch (error) {
    if (error instanceof FloatError) return {}
    throw error
  }
}
