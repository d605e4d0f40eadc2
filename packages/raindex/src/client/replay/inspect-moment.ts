import {
  hashOrder,
  qualifiedNamespace,
  type Address,
  type Bytes32,
  type EnvRow,
  type Order,
  type OrderIO,
  type OrderPair,
  type QuoteOutcome,
  type StoreRow,
} from '../../engine/index.ts'
import { floatToHex } from '../../float/index.ts'
import { readClock } from './chain-clock.ts'
import { bitOf, marksOf, type PointMark } from './point-marks.ts'
import { createMomentQuoter, marksAt } from './quote-moment.ts'
import type { ReplayGap } from './replay-columns.ts'
import type { ReplayHost } from './replay-host.ts'
import type { ReplaySubject } from './replay-request.ts'
import { versionAt, type Place, type Timeline } from './timeline.ts'

/** One of the pair's vaults then. */
export type InspectedVault = OrderIO & {
  readonly side: 'input' | 'output'
  readonly owner: Address
  /** A float. */
  readonly balance: Bytes32
}

/** A word of the order's namespace then. */
export type InspectedWord = {
  readonly key: Bytes32
  readonly value: Bytes32
  /** Whether the quote looked at it; a word that was never set reads as zero. */
  readonly wasRead: boolean
}

/** Everything a quote of one second was made of. */
export type ReplayMoment = {
  readonly second: number
  /** What the program saw of the block. */
  readonly env: EnvRow
  readonly isLive: boolean
  readonly outcome: QuoteOutcome | { readonly kind: 'not-comparable'; readonly reason: ReplayGap }
  readonly marks: readonly PointMark[]
  readonly vaults: readonly InspectedVault[]
  /** By key, what was read before what was not; at most 1,000. */
  readonly words: readonly InspectedWord[]
  readonly wordCount: number
}

const mostWords = 1_000

/** @param subject - `definition` is the order itself, whichever way it was named. */
export async function inspectMoment(
  host: ReplayHost,
  timeline: Timeline,
  subject: ReplaySubject & OrderPair & { readonly definition: Order },
  second: number,
): Promise<ReplayMoment> {
  const { clock = 'second', definition } = subject
  const { head } = timeline.history
  const known = Math.min(second, head.timestamp)
  const place = timeline.placeAt(known)
  const { env, estimated } = readClock(timeline, known, place, clock)
  const moment = await createMomentQuoter(host, timeline, subject)(place, env)
  const { looks } = moment
  const sawClock = looks.number || (looks.time && clock === 'block')
  const marks = marksAt(moment, second) | (estimated && sawClock ? bitOf('estimated-block') : 0)
  const isBeyond = second > head.timestamp
  const words = wordsOf(timeline, definition, place, moment.outcome)
  return {
    second,
    env,
    isLive: isLive(timeline, definition, place),
    outcome: isBeyond ? { kind: 'not-comparable', reason: { kind: 'BeyondHistory' } } : moment.outcome,
    marks: isBeyond ? [] : marksOf(marks),
    vaults: vaultsOf(timeline, definition, subject, place, env),
    words: words.slice(0, mostWords),
    wordCount: words.length,
  }
}

function isLive(timeline: Timeline, order: Order, place: Place): boolean {
  const row = timeline.rows('orders').get(hashOrder(order))
  return row !== undefined && versionAt(row, place) !== undefined
}

function vaultsOf(
  timeline: Timeline,
  { owner, validInputs, validOutputs }: Order,
  { inputIOIndex, outputIOIndex }: OrderPair,
  place: Place,
  env: EnvRow,
): readonly InspectedVault[] {
  const state = timeline.state({ place, env })
  const vault = (side: InspectedVault['side'], io: OrderIO | undefined): readonly InspectedVault[] => {
    if (io === undefined) return []
    const balance = floatToHex(state.vaultBalance(owner, io.token, io.vaultId))
    return [{ side, owner, token: io.token, vaultId: io.vaultId, balance }]
  }
  return [...vault('input', validInputs[inputIOIndex]), ...vault('output', validOutputs[outputIOIndex])]
}

function wordsOf(
  timeline: Timeline,
  order: Order,
  place: Place,
  outcome: QuoteOutcome,
): readonly InspectedWord[] {
  const read = new Map(outcome.kind === 'quote' ? outcome.reads.map(({ key, value }) => [key, value]) : [])
  const words = [...read].map(([key, value]): InspectedWord => ({ key, value, wasRead: true }))
  const { store } = order.evaluable
  const prefix = `${store}/${qualifiedNamespace(order.owner, timeline.history.orderbook.address)}/`
  for (const [id, versions] of timeline.rows('store')) {
    if (!id.startsWith(prefix)) continue
    // Written by the projection, which knows the rows of its tables.
    const row = versionAt(versions, place) as StoreRow | undefined
    if (row !== undefined && !read.has(row.key))
      words.push({ key: row.key, value: row.value, wasRead: false })
  }
  return words.toSorted(byUseAndKey)
}

function byUseAndKey(a: InspectedWord, b: InspectedWord): number {
  if (a.wasRead !== b.wasRead) return a.wasRead ? -1 : 1
  return a.key < b.key ? -1 : 1
}
