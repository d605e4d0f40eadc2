import { FreshetError, isRecord, type Page, type RowFact, type Value } from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import { modelSelector } from '../values/model-tag.ts'
import type { EntityKind, ReactiveToriiClient } from '../wire/torii-client.ts'
import { readFacts, type OnBroken } from './entity-facts.ts'
import { walkOn, walkStart, type WalkPlace } from './head-walk.ts'
import { readFitting } from './read-fitting.ts'
import type { ToriiRules } from './torii-rules.ts'

/** How entities, or event messages, of a world are read. */
export type EntityReading = {
  readonly client: ReactiveToriiClient
  readonly world: string
  readonly kind: EntityKind
  readonly rules: ToriiRules
  readonly onBroken: OnBroken
  /** Told of each answer with rows, for progress. */
  onRows(table: string, rows: number, latestUnixS: number, cursor?: string): void
}

/** Models in one query: more are asked for in several, as the server mixes up larger ones. */
const modelsPerQuery = 64

/** One page of a walk over all entities of a model. */
export async function entityPage(
  reading: EntityReading,
  table: string,
  cursor: Value | undefined,
  limit: number,
  signal: AbortSignal,
  onNext?: (cursor: Value) => void,
): Promise<Page> {
  const place =
    cursor === undefined ? { ...walkStart, total: await countOf(reading, table, signal) } : readPlace(cursor)
  const { facts, next } = await walkPage(reading, [table], place, limit, signal, onNext)
  return { facts, ...(next && { next }), ...(place.total > 0 && { total: place.total }) }
}

/** Entities by id: a put for each that exists, a deletion for each that does not. */
export async function entitiesById(
  { client, world, kind, onBroken }: EntityReading,
  table: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly RowFact[]> {
  const found: RowFact[] = []
  let count = ids.length
  for (let from = 0; from < ids.length; from += count) {
    const { entities, rows } = await readFitting(count, (limit) => {
      const asked = ids.slice(from, from + limit)
      return client.entities({ world, models: [table], kind, limit, ids: asked }, signal)
    })
    count = rows
    found.push(...readFacts(entities, new Set([table]), onBroken))
  }
  const present = new Set(found.map(({ id }) => id))
  const gone = ids.filter((id) => !present.has(id)).map((id): RowFact => ({ kind: 'delete', table, id }))
  return [...found, ...gone]
}

/** When the newest change of some models was, in Unix seconds; 0 where there is none. */
export async function newestChange(
  { client, world, kind }: EntityReading,
  models: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  if (models.length === 0) return 0
  const asked = models.slice(0, modelsPerQuery)
  const newest = await client.entities({ world, models: asked, kind, limit: 1 }, signal)
  return newest.entities[0]?.executedAt ?? 0
}

/** Everything that changed since a time, newest first [TO17]. */
export async function* changesSince(
  reading: EntityReading,
  models: readonly string[],
  highWater: number,
  pageRows: number,
  signal: AbortSignal,
): AsyncGenerator<readonly RowFact[]> {
  for (let from = 0; from < models.length; from += modelsPerQuery) {
    const asked = models.slice(from, from + modelsPerQuery)
    let place: WalkPlace | undefined = { ...walkStart, floorTime: highWater }
    while (place) {
      const { facts, next } = await walkPage(reading, asked, place, pageRows, signal)
      yield facts
      place = next
    }
  }
}

/** Ids held and not there, or there and not held; undefined where the server does not tell its ids [TO18]. */
export async function differingIds(
  { client, world }: EntityReading,
  { selector }: ModelSchema,
  heldIds: Iterable<string>,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const there = await client.entityIds(world, selector, signal)
  if (!there) return undefined
  const held = new Set(heldIds)
  return [...held].filter((id) => !there.has(id)).concat([...there].filter((id) => !held.has(id)))
}

/** Which of some models the server cannot answer for, or not so that it can be read. */
export async function unreadable(
  { client, world, kind }: EntityReading,
  models: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FreshetError>> {
  const faults = new Map<string, FreshetError>()
  for (const tag of models) {
    try {
      await client.entities({ world, models: [tag], kind, limit: 1 }, signal)
    } catch (error) {
      if (!(error instanceof FreshetError) || !isOfModel(error)) throw error
      faults.set(tag, error)
    }
  }
  return faults
}

/** Whether a fault may lie in one model rather than in the server. */
export function isOfModel({ code }: FreshetError): boolean {
  return code === 'torii/internal' || code === 'torii/bad-message' || code === 'torii/message-too-large'
}

async function walkPage(
  { client, world, kind, rules, onBroken, onRows }: EntityReading,
  models: readonly string[],
  place: WalkPlace,
  limit: number,
  signal: AbortSignal,
  onNext?: (place: WalkPlace) => void,
) {
  const { page, next } = await walkOn({ client, world, kind, models, rules }, place, limit, signal, onNext)
  const latest = page.entities[0]?.executedAt ?? 0
  for (const tag of models) onRows(tag, page.entities.length, latest, page.next)
  return { facts: readFacts(page.entities, new Set(models), onBroken), next }
}

/** Progress is worth one question, and no error. */
async function countOf(
  { client, world, kind }: EntityReading,
  tag: string,
  signal: AbortSignal,
): Promise<number> {
  if (kind === 'eventMessages') return 0
  try {
    return (await client.entityCount(world, modelSelector(tag), signal)) ?? 0
  } catch {
    return 0
  }
}

function readPlace(cursor: Value): WalkPlace {
  if (!isRecord(cursor)) return walkStart
  const numberOf = (value: Value | undefined): number => (typeof value === 'number' ? value : 0)
  return {
    pass: numberOf(cursor['pass']),
    pages: numberOf(cursor['pages']),
    cursor: typeof cursor['cursor'] === 'string' ? cursor['cursor'] : '',
    floorBlock: numberOf(cursor['floorBlock']),
    floorTime: numberOf(cursor['floorTime']),
    headBlock: numberOf(cursor['headBlock']),
    headTime: numberOf(cursor['headTime']),
    total: numberOf(cursor['total']),
  }
}
