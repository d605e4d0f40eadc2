import { FreshetError } from '@freshet/core'
import type { EntityKind, EntityPage, ReactiveToriiClient } from '../wire/torii-client.ts'
import { readFitting } from './read-fitting.ts'
import type { ToriiRules } from './torii-rules.ts'

/**
 * Where a walk from the newest change to older ones stands.
 *
 * Every change moves its entity to the head, also one of a model that is not
 * looked at here. So an entity can pass from the part not yet read to the part
 * read already, unseen. Therefore a walk of several pages is followed by a pass
 * over what has moved since it began, until a pass needs one page only: a page
 * is one moment of the server [TO15].
 */
export type WalkPlace = {
  readonly pass: number
  /** Pages read in this pass. */
  readonly pages: number
  readonly cursor: string
  /** The pass ends below this block or this time, in Unix seconds; 0 for none. */
  readonly floorBlock: number
  readonly floorTime: number
  /** The newest change when this pass began; 0 when unknown. */
  readonly headBlock: number
  readonly headTime: number
  /** How many entities there were when the walk began; 0 when unknown. */
  readonly total: number
}

export const walkStart: WalkPlace = {
  pass: 0,
  pages: 0,
  cursor: '',
  floorBlock: 0,
  floorTime: 0,
  headBlock: 0,
  headTime: 0,
  total: 0,
}

export type HeadWalk = {
  readonly client: ReactiveToriiClient
  readonly world: string
  readonly kind: EntityKind
  readonly models: readonly string[]
  readonly rules: ToriiRules
}

/** Where one block, or one second, fills more than a page, no pass needs one page only: then so many quiet ones do. */
const quietPasses = 3

/** More than any pass that gains on its world. */
const maxPasses = 100

/**
 * Reads one page; `next` is where the walk goes on, undefined when it has seen everything.
 *
 * @param onNext - Told of `next` as soon as it is known.
 */
export async function walkOn(
  walk: HeadWalk,
  place: WalkPlace,
  limit: number,
  signal: AbortSignal,
  onNext?: (place: WalkPlace) => void,
): Promise<{ readonly page: EntityPage; readonly next: WalkPlace | undefined }> {
  const here = place.pages === 0 ? await withHead(walk, place, signal) : place
  const { client, world, models, kind } = walk
  const behind = (cursor: string): WalkPlace => ({ ...here, cursor, pages: here.pages + 1 })
  const isFirstPass = here.floorBlock === 0 && here.floorTime === 0
  const page = await readFitting(limit, (rows) =>
    client.entities(
      {
        ...{ world, models, kind, limit: rows, cursor: here.cursor, withBlock: here.floorBlock > 0 },
        // Elsewhere only the whole page tells whether the walk goes on behind it.
        onNext: isFirstPass ? (cursor) => onNext?.(behind(cursor)) : undefined,
      },
      signal,
    ),
  )
  const { next } = page
  if (next !== undefined && !isBelow(page, here)) return { page, next: behind(next) }
  return { page, next: nextPass(walk, here) }
}

/** The newest change now, so that what moves from here on is known to be newer. */
async function withHead(
  { client, world, models, kind }: HeadWalk,
  place: WalkPlace,
  signal: AbortSignal,
): Promise<WalkPlace> {
  const head = await client.entities({ world, models, kind, limit: 1, withBlock: true }, signal)
  return { ...place, headBlock: head.lastBlock ?? 0, headTime: head.entities[0]?.executedAt ?? 0 }
}

function isBelow({ entities, lastBlock }: EntityPage, { floorBlock, floorTime }: WalkPlace): boolean {
  if (floorBlock > 0 && lastBlock !== undefined) return lastBlock < floorBlock
  const last = entities.at(-1)
  return floorTime > 0 && last !== undefined && last.executedAt < floorTime
}

function nextPass({ rules }: HeadWalk, here: WalkPlace): WalkPlace | undefined {
  const { pages, pass, headBlock, headTime, floorBlock } = here
  // Nothing can move past a single page.
  if (pages === 0 || !rules.movers) return undefined
  const isQuiet = headBlock === 0 || headBlock === floorBlock
  if (isQuiet && pass >= quietPasses) return undefined
  if (pass < maxPasses)
    return { ...walkStart, pass: pass + 1, floorBlock: headBlock, floorTime: headTime, total: here.total }
  throw new FreshetError({
    code: 'torii/too-busy',
    kind: 'remote',
    retryable: true,
    message:
      'The world changes faster than its pages can be read. Raise pageSize, or narrow the models; it is tried again.',
  })
}
