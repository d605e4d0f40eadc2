import { hashOrder, type OrderPair, type SignedContext } from '../../engine/index.ts'
import type { ReplaySubject } from './replay-request.ts'
import { lastAtOrBefore, type Place, type Timeline } from './timeline.ts'

/** Words with which a pair was taken. */
type SignedTake = {
  readonly place: Place
  /** The second of the take, of which alone the words are. */
  readonly second: number
  readonly words: readonly SignedContext[]
}

/** What oracles had signed when a pair was taken, as far as its takes tell. */
export type SignedTakes = {
  /** Whether it was ever taken with signed words. */
  readonly isEmpty: boolean
  /** The last at or before a block. */
  lastAt(place: Place): SignedTake | undefined
  /** The block of the first after it; Infinity for none. */
  nextAfter(place: Place): Place
}

export function readSignedTakes(timeline: Timeline, subject: ReplaySubject & OrderPair): SignedTakes {
  const { order, inputIOIndex, outputIOIndex } = subject
  const hash = typeof order === 'string' ? order : hashOrder(order)
  const takes: SignedTake[] = []
  for (const [place, events] of timeline.events.entries()) {
    // Of several in one block the last.
    const take = events.findLast(
      (event) =>
        event.kind === 'take' &&
        event.signed !== undefined &&
        event.orderHash === hash &&
        event.inputIOIndex === inputIOIndex &&
        event.outputIOIndex === outputIOIndex,
    )
    if (take?.kind !== 'take' || take.signed === undefined) continue
    takes.push({ place, second: timeline.timestamps[place] ?? 0, words: take.signed })
  }
  const places = takes.map(({ place }) => place)
  return {
    isEmpty: takes.length === 0,
    lastAt: (place) => takes[lastAtOrBefore(places, place)],
    nextAfter: (place) => places[lastAtOrBefore(places, place) + 1] ?? Infinity,
  }
}
