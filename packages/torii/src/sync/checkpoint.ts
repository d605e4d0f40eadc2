import { isRecord, type Value } from '@freshet/core'

/**
 * How far a replica has come and of what: kept in one commit with the rows it
 * covers, so that neither can be taken for the other's.
 */
export type ToriiCheckpoint = {
  readonly world: string
  /** When the indexer began; another one has another history. */
  readonly epoch: number
  /** The latest block of the indexer; one that stands before it has gone back. */
  readonly head: number
  /** All changes of blocks before this time, in Unix seconds, are covered. */
  readonly highWater: number
  /** The same of event messages, which come by a stream of their own. */
  readonly eventHighWater: number
  readonly manifestHash: string
  /** The hash of each model's schema, by tag. */
  readonly schemas: { readonly [tag: string]: string }
  readonly serverVersion: string
}

export function checkpointToValue(checkpoint: ToriiCheckpoint): Value {
  return checkpoint
}

/** Reads a checkpoint; undefined where there is none, or one of another kind. */
export function readCheckpoint(value: Value | undefined): ToriiCheckpoint | undefined {
  if (!isRecord(value)) return undefined
  const { world, epoch, head, highWater, manifestHash, schemas, serverVersion } = value
  const eventHighWater = value['eventHighWater'] ?? 0
  const isWhole =
    typeof world === 'string' &&
    typeof epoch === 'number' &&
    typeof head === 'number' &&
    typeof highWater === 'number' &&
    typeof eventHighWater === 'number' &&
    typeof manifestHash === 'string' &&
    typeof serverVersion === 'string' &&
    isRecord(schemas)
  if (!isWhole) return undefined
  const hashes = Object.entries(schemas).flatMap(([tag, hash]): [string, string][] =>
    typeof hash === 'string' ? [[tag, hash]] : [],
  )
  return {
    ...{ world, epoch, head, highWater, eventHighWater, manifestHash, serverVersion },
    schemas: Object.fromEntries(hashes),
  }
}
