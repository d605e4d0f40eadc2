import type { Orderbook } from '../engine/index.ts'
import { olderTopics, topics } from '../engine/topics.ts'
import { readGolden } from './golden-folder.ts'
import { orderbookOf } from './golden-replay.ts'
import type { GoldenRun } from './golden-run.ts'
import { recordedChain, type FakeChain, type RpcLog } from './fake-node-chain.ts'

/** A recorded run as a chain. */
export type GoldenChain = {
  readonly run: GoldenRun
  readonly chain: FakeChain
  readonly orderbook: Orderbook
}

/** @returns undefined when the recorded data is not there. */
export function goldenChain(name: string): GoldenChain | undefined {
  const text = readGolden(`${name}.json`)
  if (text === undefined) return undefined
  // Recorded data of a documented shape.
  const run = JSON.parse(text) as GoldenRun & {
    readonly blocks: readonly {
      number: number
      hash: `0x${string}`
      parentHash: `0x${string}`
      timestamp: number
    }[]
    readonly logs: readonly RpcLog[]
  }
  const chain = recordedChain(run.chainId, run.blocks, run.logs)
  for (const { address, decimals } of run.tokens) chain.tokens.set(address, decimals)
  chain.code.set(run.orderbook, bookCode)
  chain.code.set(run.interpreter, '0x60016000')
  chain.code.set(run.store, '0x60026000')
  return { run, chain, orderbook: orderbookOf(run) }
}

/** Code that names the events of V5 and V6, as the contract's does. */
export const bookCode: `0x${string}` = `0x60806040${topics.AddOrderV3.slice(2)}`

/** Code that names the events of V4. */
export const olderBookCode: `0x${string}` = `0x60806040${olderTopics.AddOrderV2.slice(2)}`
