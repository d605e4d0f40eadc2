import type { Address } from '../../engine/index.ts'

/** What a chain source tells those who watch it. Nothing depends on it. */
export type ChainNotice =
  /** A stretch was read. */
  | {
      readonly kind: 'window'
      readonly fromBlock: number
      readonly toBlock: number
      readonly logs: number
      readonly headBlock: number
    }
  /** The chain was reorganised; everything after `ancestorBlock` was undone. */
  | {
      readonly kind: 'reorg'
      readonly tipBlock: number
      readonly ancestorBlock: number
      readonly depth: number
    }
  /** It was reorganised deeper than blocks can be undone one by one: the state is built again from `ancestorBlock`. */
  | {
      readonly kind: 'deep-reorg'
      readonly tipBlock: number
      readonly ancestorBlock: number
      readonly depth: number
    }
  /** A store was named for the first time; its words are read from the book's first block. */
  | { readonly kind: 'store'; readonly store: Address; readonly blockNumber: number }
  /** A token does not tell its decimals: its vaults are left out, and quotes name it. */
  | { readonly kind: 'no-decimals'; readonly token: Address }
  /** A node left out logs that its block says are there; they were asked for again. */
  | { readonly kind: 'missing-logs'; readonly blockNumber: number }
  /** The chain's head was looked at. */
  | { readonly kind: 'head'; readonly headBlock: number; readonly timestamp: number }
