import type { Float } from '../../float/index.ts'
import type { Address, Artifact, Bytes32, EnvRow, NotComparable, PreparedQuote } from '../../engine/index.ts'

/** What a worker is told, in order. */
export type ToQuoteWorker =
  | {
      readonly kind: 'open'
      readonly chainId: bigint
      readonly orderbook: Address
      readonly gasLimit: bigint | undefined
    }
  | { readonly kind: 'code'; readonly code: readonly Artifact[] }
  | {
      readonly kind: 'run'
      readonly batch: number
      readonly env: EnvRow
      readonly slots: readonly number[]
      /** What of them is new or has changed. */
      readonly fresh: readonly SentQuote[]
    }

/** What a worker keeps of a quote. */
export type SentQuote = {
  readonly slot: number
  readonly prepared: PreparedQuote
  readonly words: readonly (readonly [key: Bytes32, value: Bytes32])[]
}

/** For each quote of a run one of each, but for the reasons. */
export type FromQuoteWorker = {
  readonly batch: number
  readonly outcomes: Uint8Array
  readonly ioRatios: readonly Float[]
  readonly outputMaxes: readonly Float[]
  /** Of those that have one. */
  readonly reasons: readonly NotComparable[]
}

/** The bits of an outcome: what it is, and what it saw of the clock. */
export const outcomeBits = { quote: 1, reason: 2, time: 4, number: 8 } as const
