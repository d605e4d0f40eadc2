import type { Bytes32, Mutation } from '../engine/index.ts'
import { keccak256 } from '../engine/keccak.ts'

/** A block of a made-up chain, with what its logs would change. */
export type Block = {
  readonly number: number
  readonly hash: Bytes32
  readonly parent: Bytes32
  readonly mutations: readonly Mutation[]
}

/** A chain that forks. Blocks that were canonical once are still known by their hash. */
export type BlockChain = {
  readonly canonical: readonly Block[]
  mine(mutations: readonly Mutation[]): void
  /** Drops blocks from the end. */
  drop(depth: number): void
  /** The newest canonical block at or before one that may be canonical no more. */
  ancestorOf(hash: Bytes32): Block | undefined
}

const genesis: Bytes32 = `0x${'0'.repeat(64)}`

export function createBlockChain(): BlockChain {
  const canonical: Block[] = []
  const known = new Map<Bytes32, Block>()
  let mined = 0
  return {
    canonical,
    mine(mutations) {
      const number = canonical.length
      const parent = canonical.at(-1)?.hash ?? genesis
      // Every block has a hash of its own, also one that is mined again.
      const hash = keccak256(`0x${(mined++).toString(16).padStart(64, '0')}`)
      const block = { number, hash, parent, mutations: [clock(number), ...mutations] }
      canonical.push(block)
      known.set(hash, block)
    },
    drop: (depth) => void canonical.splice(Math.max(0, canonical.length - depth)),
    ancestorOf(hash) {
      let block = known.get(hash)
      while (block !== undefined && canonical[block.number]?.hash !== block.hash)
        block = known.get(block.parent)
      return block
    },
  }
}

function clock(number: number): Mutation {
  return { kind: 'setEnv', blockNumber: number, timestamp: 1_000 + 12 * number }
}
