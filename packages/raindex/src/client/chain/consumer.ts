import type { Position, Resume, Value } from '@freshet/core'
import type { BlockChanges } from '../../engine/index.ts'
import { chainCheckpoint, keptBlocks } from './kept-blocks.ts'
import type { BlockId } from './ledger.ts'

/** Changes as they are told: a stretch of the chain behind where the consumer stands. */
export type Delivery = {
  readonly kind: 'changes'
  readonly after: Position
  readonly upTo: BlockId
  /** First undo everything after this position. */
  readonly rewindTo: Position | undefined
  readonly blocks: readonly BlockChanges[]
  readonly finalizedTo: Position
  readonly checkpoint: Value
}

/** Where someone stands who is told the changes of a chain. */
export type Consumer = {
  readonly position: Position
  /** The block it stands at; undefined at the start. */
  readonly last: BlockId | undefined
  /** Blocks it can go back to, newest first. */
  blocks(atOrBefore: number, limit: number): Promise<readonly BlockId[]>
  /** Goes back to one of these blocks, or to before the first: the next delivery says so. */
  rewind(to: BlockId | undefined): void
  deliver(
    upTo: BlockId,
    blocks: readonly BlockChanges[],
    finalizedTo: Position,
    more: Value | undefined,
  ): Delivery
  /** What is left to tell when it went back and nothing came after. */
  rewound(more: Value | undefined): Delivery | undefined
}

/** A consumer that is a replica. */
export function createConsumer(resume: Resume | null): Consumer {
  const kept = [...keptBlocks(resume)]
  let position = resume?.position ?? -1
  let rewindTo: Position | undefined
  let final = kept[0]

  const deliver: Consumer['deliver'] = (upTo, blocks, finalizedTo, more) => {
    const after = position
    kept.push(upTo)
    // The newest that is final stays: a fork is found behind it.
    while ((kept[1]?.number ?? Infinity) <= finalizedTo) kept.shift()
    final = kept[0]
    position = upTo.number
    const checkpoint = { ...chainCheckpoint({ tip: upTo, final }), ...fieldsOf(more) }
    const delivery: Delivery = { kind: 'changes', after, upTo, rewindTo, blocks, finalizedTo, checkpoint }
    rewindTo = undefined
    return delivery
  }
  return {
    get position() {
      return position
    },
    get last() {
      return kept.at(-1)
    },
    async blocks(atOrBefore, limit) {
      return kept
        .filter(({ number }) => number <= atOrBefore)
        .toReversed()
        .slice(0, limit)
    },
    rewind(to) {
      position = to?.number ?? -1
      rewindTo = position
      while ((kept.at(-1)?.number ?? -1) > position) kept.pop()
    },
    deliver,
    rewound(more) {
      const last = kept.pop()
      if (rewindTo === undefined || last === undefined) {
        if (last !== undefined) kept.push(last)
        return undefined
      }
      return deliver(last, [], -1, more)
    },
  }
}

function fieldsOf(value: Value | undefined): { readonly [field: string]: Value } {
  // A ledger's checkpoint is a record.
  return typeof value === 'object' && value !== null ? (value as { readonly [field: string]: Value }) : {}
}
