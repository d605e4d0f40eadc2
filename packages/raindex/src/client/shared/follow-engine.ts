import type { PollResult, SyncEngine } from '../../live/index.ts'
import type { LocalDbCursor } from '../database/index.ts'
import type { SharedBook, SharedChange, SharedPlace } from './shared-books.ts'
import { textToPoll } from './shared-poll.ts'

/** Reads what the writer of a shared book tells. */
export type FollowEngine = SyncEngine<LocalDbCursor> & {
  /** What the last poll has brought; undefined for a book that nobody has written. */
  readonly place: SharedPlace | undefined
  /** What comes next is not to be had: begin again from a snapshot. */
  readonly isGone: boolean
}

const changesAtOnce = 100

/** @param from - The place of the snapshot that the state began from; undefined where there was none. */
export function createFollowEngine(book: SharedBook, from: SharedPlace | undefined): FollowEngine {
  let place = from
  let isGone = false
  let waiting: readonly SharedChange[] = []

  const next = async (): Promise<SharedChange | undefined> => {
    if (place === undefined) {
      isGone = (await book.cursor()) !== undefined
      return undefined
    }
    if (waiting.length === 0) {
      const found = await book.changes(place, changesAtOnce)
      isGone = found === undefined
      waiting = found ?? []
    }
    const [first, ...rest] = waiting
    waiting = rest
    return first
  }
  return {
    get place() {
      return place
    },
    get isGone() {
      return isGone
    },
    async poll() {
      const change = await next()
      if (change === undefined || place === undefined) return nothing
      const poll = textToPoll(change.poll)
      place = { term: place.term, seq: change.seq }
      return poll
    },
  }
}

const nothing: PollResult<LocalDbCursor> = {
  mutationBatches: [],
  bytecode: [],
  pendingArtifacts: [],
  heartbeat: true,
}
