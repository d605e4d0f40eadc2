import type { Artifact, SnapshotBundle } from '../../engine/index.ts'
import type { PollResult, SyncEngine } from '../../live/index.ts'
import type { StoredSnapshot } from '../database/book-tables.ts'
import type { LocalDbCursor } from '../database/index.ts'
import type { SharedWriter } from './shared-books.ts'
import { pollToText } from './shared-poll.ts'

/** Tells others what is polled, before it is taken in here. */
export type Publisher = {
  through(engine: SyncEngine<LocalDbCursor>): SyncEngine<LocalDbCursor>
  /** From the next poll on. It begins with a snapshot of the state as it then is. */
  begin(writer: SharedWriter): void
  /** Tells nothing more. The writer is not released. */
  end(): void
  /** Of whom it writes for; undefined while it tells nobody. */
  readonly writer: SharedWriter | undefined
  /** The writer's log is there. */
  readonly hasBegun: boolean
}

export type PublisherOptions = {
  /** The state now; undefined while it is empty. */
  readonly state: () => { readonly bundle: SnapshotBundle; readonly cursor: LocalDbCursor } | undefined
  readonly code: () => readonly Artifact[]
  /** A new snapshot is put when this many blocks lie behind the last one. */
  readonly everyBlocks: number
  /** And when this many changes were told since. */
  readonly everyChanges: number
  /** Told why nothing can be told any more. */
  readonly onEnd: (error: unknown) => void
}

/**
 * What cannot be told ends the telling, never the polls: the writer is released, so that another or a later one begins
 * anew from a snapshot.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  const { state, code, everyBlocks, everyChanges } = options
  let writer: SharedWriter | undefined
  /** Block of the newest snapshot; undefined: one is due. */
  let snapshotAt: number | undefined
  let told = 0
  let hasBegun = false
  /** How far a fork goes back behind which nothing is there yet: it is told with what comes first. */
  let untold: number | undefined

  const orEnd = async (work: (to: SharedWriter) => Promise<void>): Promise<void> => {
    if (writer === undefined) return
    const to = writer
    try {
      await work(to)
    } catch (error) {
      writer = undefined
      hasBegun = false
      await to.release().catch(() => undefined)
      options.onEnd(error)
    }
  }
  const isDue = (blockNumber: number): boolean =>
    snapshotAt === undefined || Math.abs(blockNumber - snapshotAt) >= everyBlocks || told >= everyChanges
  const putWhenDue = (cursor: LocalDbCursor | undefined): Promise<void> =>
    orEnd(async (to) => {
      if (cursor === undefined || !isDue(cursor.block)) return
      const now = state()
      if (now === undefined) return
      await to.putSnapshot(storedOf(now.bundle, now.cursor), hasBegun ? [] : code())
      snapshotAt = now.cursor.block
      told = 0
      hasBegun = true
    })
  const tell = (result: PollResult<LocalDbCursor>, before: LocalDbCursor | undefined): Promise<void> =>
    orEnd(async (to) => {
      const { nextCursor, bytecode } = result
      if (!hasBegun || (!isNews(result, before) && untold === undefined)) return
      const rewound = lowerOf(result.rewindTo?.blockNumber, untold)
      untold = rewound
      if (nextCursor === undefined) return
      const { block: number, hash } = nextCursor
      const block = { number, hash }
      const rewindTo = rewound === undefined ? undefined : { blockNumber: rewound }
      await to.append({ poll: pollToText({ ...result, rewindTo }), block, rewindTo: rewound, code: bytecode })
      untold = undefined
      told++
      // The store has dropped it, and those who began from it cannot undo what it holds.
      if (rewound !== undefined && snapshotAt !== undefined && rewound < snapshotAt) snapshotAt = undefined
    })
  return {
    through: (engine) => ({
      async poll(orderbook, cursor) {
        await putWhenDue(cursor)
        const result = await engine.poll(orderbook, cursor)
        await tell(result, cursor)
        return result
      },
    }),
    begin(next) {
      writer = next
      snapshotAt = undefined
      untold = undefined
      hasBegun = false
    },
    end() {
      writer = undefined
      hasBegun = false
    },
    get writer() {
      return writer
    },
    get hasBegun() {
      return hasBegun
    },
  }
}

function lowerOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function isNews(
  { nextCursor, mutationBatches, bytecode, rewindTo }: PollResult<LocalDbCursor>,
  before: LocalDbCursor | undefined,
): boolean {
  if (mutationBatches.length > 0 || bytecode.length > 0 || rewindTo !== undefined) return true
  return nextCursor?.block !== before?.block || nextCursor?.hash !== before?.hash
}

function storedOf(bundle: SnapshotBundle, { block: number, hash }: LocalDbCursor): StoredSnapshot {
  const { checksum, env } = bundle
  return { block: { number, hash }, timestamp: env.timestamp, checksum, bundle: JSON.stringify(bundle) }
}
