import type { RowFact } from '../batch.ts'
import type { Resume, StreamItem } from '../source.ts'
import { createPushQueue, type PushQueue } from './push-queue.ts'

/** The changes of a toy remote, told to every open stream. */
export type ToyFeed = {
  /** Number of changes so far. */
  readonly position: number
  tell(fact: RowFact): void
  stream(resume: Resume | null, signal: AbortSignal): PushQueue<StreamItem<RowFact>>
}

/** Changes a resumable feed can go on from; before those it has forgotten. */
const keptChanges = 6

/** @param resumable - Streams go on from a checkpoint, if it is not too old. */
export function createToyFeed(resumable: boolean): ToyFeed {
  const changes: RowFact[] = []
  const streams = new Set<PushQueue<StreamItem<RowFact>>>()

  const itemOf = (fact: RowFact, position: number): StreamItem<RowFact> => ({
    kind: 'facts',
    facts: [fact],
    checkpoint: resumable ? position : undefined,
  })
  /** What comes first: what was missed, or nothing that could be told. */
  const firstItems = (from: unknown): readonly StreamItem<RowFact>[] => {
    if (!resumable) return [{ kind: 'live' }]
    if (typeof from !== 'number' || from < changes.length - keptChanges) {
      return [{ kind: 'live' }, { kind: 'facts', facts: [], checkpoint: changes.length }]
    }
    const missed = changes.slice(from).map((fact, index) => itemOf(fact, from + index + 1))
    return [{ kind: 'resumed' }, ...missed, { kind: 'live' }]
  }
  return {
    get position() {
      return changes.length
    },
    tell(fact) {
      changes.push(fact)
      for (const stream of streams) stream.push(itemOf(fact, changes.length))
    },
    stream(resume, signal) {
      const stream = createPushQueue<StreamItem<RowFact>>(signal)
      for (const item of firstItems(resume?.checkpoint)) stream.push(item)
      streams.add(stream)
      signal.addEventListener('abort', () => streams.delete(stream), { once: true })
      return stream
    },
  }
}
