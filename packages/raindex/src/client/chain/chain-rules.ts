/** What keeps a replica true to its chain; each can be switched off, so that tests can see that it is needed. */
export type ChainRules = {
  /** Blocks name their parents, and what no longer fits is undone. */
  readonly parentHash: boolean
  /** A block whose bloom says it has logs is asked for by its hash when none came. */
  readonly bloom: boolean
  /** A store that turns up brings what it held before. */
  readonly storeHistory: boolean
}

export const allChainRules: ChainRules = { parentHash: true, bloom: true, storeHistory: true }
