import { decodeLog, type Address, type ChainLog } from '../../engine/index.ts'
import { topics } from '../../engine/topics.ts'

/** What has to be known before logs can be turned into changes. */
export type LogScan = {
  /** Stores of added orders, with the block of the first of them. */
  readonly stores: ReadonlyMap<Address, number>
  /** Tokens of added orders and of deposits. */
  readonly tokens: ReadonlySet<Address>
}

/**
 * Looks through the logs of an order book for stores and tokens.
 *
 * @param logs - Ascending. Those of other addresses are passed over.
 * @throws {RaindexError} as `decodeLog`.
 */
export function scanLogs(logs: readonly ChainLog[], orderbook: Address): LogScan {
  const stores = new Map<Address, number>()
  const tokens = new Set<Address>()
  for (const log of logs) {
    const [topic] = log.topics
    if (log.address !== orderbook || (topic !== topics.AddOrderV3 && topic !== topics.DepositV2)) continue
    const event = decodeLog(log, orderbook)
    if (event.kind === 'DepositV2') tokens.add(event.token)
    if (event.kind !== 'AddOrderV3') continue
    const { evaluable, validInputs, validOutputs } = event.order
    if (!stores.has(evaluable.store)) stores.set(evaluable.store, log.blockNumber)
    for (const { token } of [...validInputs, ...validOutputs]) tokens.add(token)
  }
  return { stores, tokens }
}
