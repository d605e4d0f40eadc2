import type { Value } from '@freshet/core'
import type { Address, Artifact, ArtifactId, Bytes32, Mutation } from '../engine/index.ts'

/** Where in the chain an envelope ends. */
export type ChainPosition = {
  readonly blockNumber: number
  /** Of the last log in the envelope. */
  readonly logIndex: number
  readonly blockHash: Bytes32
}

/** Changes that belong together: applied whole, or waiting whole for code. */
export type MutationEnvelope = {
  readonly mutations: readonly Mutation[]
  /** With it an envelope that comes twice is dropped, and a fork can be undone. */
  readonly position?: ChainPosition | undefined
}

/** What one poll brought. */
export type PollResult<C extends Value> = {
  /** Where the next poll goes on. Default: where this one did. */
  readonly nextCursor?: C | undefined
  /** In the order of the chain. */
  readonly mutationBatches: readonly MutationEnvelope[]
  readonly bytecode: readonly Artifact[]
  /** Code that is being fetched, to be shown. */
  readonly pendingArtifacts: readonly ArtifactId[]
  /** The poll found nothing new and is well. */
  readonly heartbeat: boolean
  /** The chain has forked: everything after this block is to be undone before the envelopes are applied. */
  readonly rewindTo?: { readonly blockNumber: number } | undefined
}

/**
 * Reads an order book's changes from wherever they are: a node, a database, a script.
 *
 * Envelopes may come again after a restart; give them positions and they count once.
 */
export interface SyncEngine<C extends Value> {
  /**
   * @param cursor - What the last poll gave, undefined from the start.
   * @throws when the source fails; the poll is made again with the same cursor.
   */
  poll(orderbook: Address, cursor: C | undefined): Promise<PollResult<C>>
}
