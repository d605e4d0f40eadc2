import type { Clock } from '@freshet/core'
import { toHex, type Address, type Hex } from '../../engine/hex.ts'
import { olderTopics, topics } from '../../engine/topics.ts'
import { RaindexClientError } from '../client-error.ts'
import { headerCall } from './fetch-windows.ts'
import { readHeader, type BlockHeader } from './read-header.ts'
import { badAnswer, RpcFault } from './rpc-fault.ts'
import type { RpcPool } from './rpc-pool.ts'

/** Selectors that only one version has, as they stand in a contract's jump table. */
const onlyIn = { v5: ['23a455b5', '7921a962', 'd0f7a862'], v6: ['709fb8a5', '2fbc4ba0', '69c72856'] } as const

/**
 * Looks at the contract of an order book.
 *
 * @returns its version as far as its code tells.
 * @throws {RaindexClientError} `NoContract`, or `UnsupportedOrderbook` for a book of V4.
 */
export async function checkBook(
  pool: RpcPool,
  orderbook: Address,
  signal: AbortSignal,
): Promise<'v5' | 'v6' | undefined> {
  const code = await fetchCode(pool, orderbook, signal)
  if (code === '0x') throw noContract(pool.chainId, orderbook)
  if (has(code, topics.AddOrderV3)) return versionOf(code)
  if (has(code, olderTopics.AddOrderV2)) throw unsupported(orderbook)
  return versionOf(code)
}

/** The code at an address now, `0x` when there is none. */
export async function fetchCode(pool: RpcPool, address: Address, signal: AbortSignal): Promise<Hex> {
  const call = { method: 'eth_getCode', params: [address, 'latest'] }
  return pool.ask(
    [call],
    ([answer]) => {
      const code = typeof answer === 'string' ? toHex(answer) : undefined
      if (code === undefined) throw badAnswer(`code of ${address} that is no hex`)
      return code
    },
    { signal },
  )
}

/** The chain's newest block. @throws {RpcFault} `bad-answer`: it is of the future. */
export async function readHead(
  {
    pool,
    clock,
    maxClockAheadMs,
  }: { readonly pool: RpcPool; readonly clock: Clock; readonly maxClockAheadMs: number },
  signal: AbortSignal,
): Promise<BlockHeader> {
  return pool.ask(
    [headerCall('latest')],
    ([answer]) => {
      const head = readHeader(answer)
      if (head === undefined) throw new RpcFault('transport', 'The node has no newest block.')
      const aheadMs = head.timestamp * 1000 - clock.now()
      if (aheadMs > maxClockAheadMs) throw badAnswer(`block ${head.number} of ${aheadMs} ms in the future`)
      return head
    },
    { signal },
  )
}

function versionOf(code: Hex): 'v5' | 'v6' | undefined {
  if (onlyIn.v6.every((selector) => code.includes(selector))) return 'v6'
  return onlyIn.v5.every((selector) => code.includes(selector)) ? 'v5' : undefined
}

function has(code: Hex, topic: Hex): boolean {
  return code.includes(topic.slice(2))
}

function noContract(chainId: number, orderbook: Address): RaindexClientError {
  const message = `There is no contract at ${orderbook} on chain ${chainId}. Check the address and the chain.`
  return new RaindexClientError('NoContract', { message, details: { chainId, orderbook } })
}

function unsupported(orderbook: Address): RaindexClientError {
  const message = `${orderbook} is an order book of V4, whose amounts are no decimal floats. Give one of V5 or V6.`
  return new RaindexClientError('UnsupportedOrderbook', { message, details: { orderbook, version: 'v4' } })
}
