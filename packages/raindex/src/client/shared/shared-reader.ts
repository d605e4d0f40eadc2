import type { Clock } from '@freshet/core'
import {
  createStaticCodeCache,
  RaindexError,
  type Interpreter,
  type SnapshotBundle,
  type StaticCodeCache,
} from '../../engine/index.ts'
import { openLiveVirtualRaindex, type LiveVirtualRaindex } from '../../live/index.ts'
import type { BookId } from '../database/book-tables.ts'
import type { LocalDbCursor } from '../database/index.ts'
import { createFollowEngine } from './follow-engine.ts'
import type { SharedBook, SharedPlace, SharedSnapshot } from './shared-books.ts'

/** A state that follows what a shared book's writer tells. */
export type SharedReader = {
  readonly live: LiveVirtualRaindex<LocalDbCursor>
  readonly code: StaticCodeCache
  /** Undefined: nobody has written the book yet. */
  readonly place: SharedPlace | undefined
  /** It cannot go on from where it is: open another. */
  readonly isOver: boolean
  /** Takes in all there is. @throws what the store throws. */
  read(): Promise<void>
  close(): Promise<void>
}

export type SharedReaderOptions = BookId & {
  readonly interpreter: (cache: StaticCodeCache) => Interpreter
  readonly clock: Clock
  /** Called after each change. */
  readonly onChange: () => void
}

/** Opens a reader at the newest snapshot that is whole. @throws what the store throws. */
export async function openSharedReader(
  book: SharedBook,
  options: SharedReaderOptions,
): Promise<SharedReader> {
  for (let atOrBefore = Number.MAX_SAFE_INTEGER; ;) {
    const snapshot = await book.snapshot(atOrBefore)
    try {
      return await openAt(book, snapshot, options)
    } catch (error) {
      // One that is damaged is none.
      if (!(error instanceof RaindexError) || snapshot === undefined) throw error
      atOrBefore = snapshot.block.number - 1
    }
  }
}

async function openAt(
  book: SharedBook,
  snapshot: SharedSnapshot | undefined,
  { chainId, orderbook, interpreter, clock, onChange }: SharedReaderOptions,
): Promise<SharedReader> {
  const code = createStaticCodeCache(await book.code())
  const engine = createFollowEngine(book, snapshot)
  const live = await openLiveVirtualRaindex<LocalDbCursor>({
    ...{ chainId, orderbook, clock, codeCache: code, syncEngine: engine, host: interpreter(code) },
    // Its text may be anything; what reads it checks it.
    initialSnapshot: snapshot && (snapshot.bundle as unknown as SnapshotBundle),
  })
  return {
    live,
    code,
    get place() {
      return engine.place
    },
    get isOver() {
      return engine.isGone || live.status.phase === 'Errored'
    },
    async read() {
      for (let before: number | undefined = -1; engine.place?.seq !== before && !engine.isGone;) {
        before = engine.place?.seq
        try {
          await live.syncOnce()
        } catch (error) {
          // What was told does not fit this state: a snapshot will.
          if (live.status.phase === 'Errored') return
          throw error
        }
        onChange()
      }
    },
    close: () => live.close(),
  }
}
