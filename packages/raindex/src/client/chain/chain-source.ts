import { systemClock, type Clock, type Source, type StreamItem } from '@freshet/core'
import type { Mutation, Orderbook } from '../../engine/index.ts'
import { createChainHeads, type ChainHeads } from './chain-heads.ts'
import type { ChainNotice } from './chain-notice.ts'
import { allChainRules, type ChainRules } from './chain-rules.ts'
import { chainSteps, type ChainStep } from './chain-steps.ts'
import { createConsumer, type Consumer } from './consumer.ts'
import type { Ledger } from './ledger.ts'
import type { RpcPool } from './rpc-pool.ts'
import { createTransientLedger } from './transient-ledger.ts'
import { createWindowSize } from './window-size.ts'
import { withHeartbeats } from './with-heartbeats.ts'
import { withSecondLook, type Looks } from './with-second-look.ts'

export type ChainSourceOptions = {
  readonly pool: RpcPool
  readonly orderbook: Orderbook
  /** The block in which the order book was made. Default 0. */
  readonly fromBlock?: number | undefined
  /** Where logs are kept. Default nowhere: a replica that starts anew reads the chain again. */
  readonly ledger?: Ledger | undefined
  /** How many blocks from the head may be reorganised. Default 64. */
  readonly finalityDepth?: number | undefined
  /** How far a block's time may be ahead of the clock. Default an hour. */
  readonly maxClockAheadMs?: number | undefined
  /** Blocks of the first window and of the largest. Default 1,000 and 10,000. */
  readonly firstWindowBlocks?: number | undefined
  readonly maxWindowBlocks?: number | undefined
  /** Logs that a window should bring. Default 2,000. */
  readonly targetLogs?: number | undefined
  /** Windows fetched at once and waiting. Default 4. */
  readonly windowsAhead?: number | undefined
  /** When to look for a new head. Default every 2 seconds. */
  readonly heads?: ChainHeads | undefined
  readonly clock?: Clock | undefined
  readonly onNotice?: ((notice: ChainNotice) => void) | undefined
  /** Only for convergence runs. */
  readonly rules?: ChainRules | undefined
}

/** Blocks that may be reorganised where nothing else is said: what a replica should keep positions for. */
export const defaultFinalityDepth = 64

/**
 * An order book on a chain, as a source of its changes. The positions are block numbers, the marks block hashes.
 *
 * Give the replica `keepPositions` of at least the finality depth.
 */
export function createChainSource(options: ChainSourceOptions): Source<Mutation> {
  const looks: Looks = { refused: 0, hashesRefused: 0, hasRead: false }
  return {
    capabilities: { kind: 'log', lossless: true, resumable: true },
    async *stream(resume, signal) {
      const ledger = options.ledger ?? createTransientLedger(resume)
      for await (const step of steps(options, ledger, createConsumer(resume), looks, signal)) {
        const item = itemOf(step)
        if (item !== undefined) yield item
      }
    },
  }
}

/**
 * A source that fills a ledger and tells no changes, for one who reads them from there. Its positions count stretches
 * and say nothing of the chain.
 */
export function createChainRecorder(
  options: ChainSourceOptions & { readonly ledger: Ledger },
): Source<never> {
  const looks: Looks = { refused: 0, hashesRefused: 0, hasRead: false }
  return {
    capabilities: { kind: 'log', lossless: true, resumable: true },
    async *stream(resume, signal) {
      let position = resume?.position ?? -1
      for await (const step of steps(options, options.ledger, undefined, looks, signal)) {
        if (step.kind === 'recorded') {
          yield { kind: 'log', batch: { kind: 'log', after: position, upTo: ++position, facts: [] } }
        } else if (step.kind !== 'changes') yield step
      }
    },
  }
}

/** Longest silence before the head is reached, so that a slow node is told from a stuck one. */
const heartbeatMs = 15_000

function steps(
  options: ChainSourceOptions,
  ledger: Ledger,
  consumer: Consumer | undefined,
  looks: Looks,
  signal: AbortSignal,
): AsyncIterable<ChainStep> {
  const { pool, orderbook, fromBlock = 0, finalityDepth = defaultFinalityDepth } = options
  const { maxClockAheadMs = 3_600_000, windowsAhead = 4, clock = systemClock } = options
  const { firstWindowBlocks = 1_000, maxWindowBlocks = 10_000, targetLogs = 2_000 } = options
  const { heads = createChainHeads({ clock }), rules = allChainRules, onNotice = () => undefined } = options
  const size = createWindowSize({ initial: firstWindowBlocks, most: maxWindowBlocks, targetLogs })
  const common = { pool, orderbook, fromBlock, finalityDepth, maxClockAheadMs, heads, clock, rules, size }
  const mustCheckBook = !looks.hasRead
  const all = { ...common, ledger, consumer, ahead: windowsAhead, notify: onNotice, mustCheckBook, looks }
  return withHeartbeats(withSecondLook(chainSteps(all, signal), looks), clock, heartbeatMs)
}

function itemOf(step: ChainStep): StreamItem<Mutation> | undefined {
  if (step.kind === 'recorded') return undefined
  if (step.kind !== 'changes') return step
  const { after, upTo, rewindTo, blocks, finalizedTo, checkpoint } = step
  const facts = blocks.flatMap(({ mutations }) => mutations)
  return {
    kind: 'log',
    batch: {
      kind: 'log',
      after,
      upTo: upTo.number,
      mark: upTo.hash,
      rewindTo,
      finalizedTo,
      facts,
      checkpoint,
    },
  }
}
