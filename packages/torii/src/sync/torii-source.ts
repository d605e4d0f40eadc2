import {
  asFreshetError,
  wholeTable,
  FreshetError,
  type Clock,
  type Resume,
  type Row,
  type RowFact,
  type Source,
  type StreamItem,
  type Value,
} from '@freshet/core'
import { computeSchemaHash } from '../schema/manifest.ts'
import type { ModelSchema } from '../schema/model-type.ts'
import type { EntityKind, ReactiveToriiClient } from '../wire/torii-client.ts'
import { checkpointToValue, readCheckpoint, type ToriiCheckpoint } from './checkpoint.ts'
import {
  changesSince,
  differingIds,
  entitiesById,
  entityPage,
  isOfModel,
  newestChange,
  unreadable,
  type EntityReading,
} from './entity-target.ts'
import type { Pulse } from './heartbeat.ts'
import { createMailbox } from './mailbox.ts'
import { isUnimplemented, openStreams, targetLeft, type Told } from './open-streams.ts'
import { createPageAhead } from './page-ahead.ts'
import { everyRecord, recordPage, recordsById } from './record-target.ts'
import type { ActiveTargets } from './sync-target.ts'
import type { ToriiRules } from './torii-rules.ts'

/** What a server says of itself when a connection begins. */
export type ServerIdentity = {
  readonly serverVersion: string
  readonly schemas: readonly ModelSchema[]
  readonly schemaHashes: { readonly [tag: string]: string }
  readonly epoch: number
}

export type ToriiSourceOptions = {
  readonly client: ReactiveToriiClient
  readonly world: string
  /** What is synchronised; a connection takes what is active when it begins. */
  readonly targets: ActiveTargets
  readonly manifestHash: string
  readonly clock: Clock
  /** Rows asked for in one page while closing a gap. */
  readonly pageRows: number
  /** How long the heartbeat may be silent before it is doubted. */
  readonly silenceMs: number
  /** Messages that may wait to be applied before the connection is given up. */
  readonly maxQueued: number
  /** How often what the server does not push is asked for. */
  readonly pollMs: number
  readonly rules: ToriiRules
  /** The checkpoint that covers what is held. */
  stored(): Value | undefined
  /** Ids of the confirmed rows of a table. */
  heldIds(table: string): Iterable<string>
  held(table: string, id: string): Row | undefined
  /** Whether all of a table was read once. */
  isWhole(table: string): boolean
  /** Judges a server before anything of it is applied; what it throws ends the connection, or halts. */
  onIdentity(identity: ServerIdentity, checkpoint: ToriiCheckpoint | undefined): void
  onPulse(pulse: Pulse): void
  /** Told of each answer with rows, for progress. */
  onRows(table: string, rows: number, latestUnixS: number, cursor?: string): void
}

/** Facts told to the replica in one batch. */
const batchFacts = 1_000

/** In how many connections one after the other a model must fail, while others do not, before it is left out. */
const strikesToQuarantine = 3

/**
 * A world of Torii as a source: one table for each model, rows by entity id, and
 * one for each kind of record.
 *
 * A connection subscribes first [TO14], then either closes the gap since the
 * checkpoint (what changed since, by time; what was deleted, by id [TO17, TO18])
 * or leaves it to the kernel to page everything.
 */
export function createToriiSource(options: ToriiSourceOptions): Source<RowFact> {
  const { client, world, targets, rules, pageRows, onRows } = options
  const strikes = new Map<string, number>()
  const onBroken = (tag: string, fault: Error): void =>
    targets.quarantine(tag, asFreshetError(fault, { code: 'torii/bad-message', kind: 'protocol' }))
  const readings: { readonly [K in EntityKind]: EntityReading } = {
    entities: { client, world, kind: 'entities', rules, onBroken, onRows },
    eventMessages: { client, world, kind: 'eventMessages', rules, onBroken, onRows },
  }
  const readingOf = (table: string): EntityReading =>
    readings[targets.find(table)?.kind === 'event' ? 'eventMessages' : 'entities']

  /** Finds out whether a fault is that of single models, and leaves out those that fail again and again. */
  const suspect = async (error: unknown, signal: AbortSignal): Promise<void> => {
    if (signal.aborted || !(error instanceof FreshetError) || !isOfModel(error)) return
    for (const reading of Object.values(readings)) {
      const tags = targets.tags(reading.kind)
      const faults = await unreadable(reading, tags, signal).catch(() => undefined)
      if (!faults) return
      for (const tag of tags) {
        const fault = faults.get(tag)
        strikes.set(tag, fault ? (strikes.get(tag) ?? 0) + 1 : 0)
        // Where nothing can be read, it is the server.
        if (fault && faults.size < tags.length && (strikes.get(tag) ?? 0) >= strikesToQuarantine)
          targets.quarantine(tag, fault)
      }
    }
  }
  /** Reads of one table; a table that was left out while it was read is not to be taken for empty. */
  const reading = async <T>(table: string, signal: AbortSignal, read: () => Promise<T>): Promise<T> => {
    try {
      const answer = await read()
      if (targets.find(table)) return answer
    } catch (error) {
      if (isUnimplemented(error)) targets.quarantine(table, error)
      else await suspect(error, signal)
      if (targets.find(table)) throw error
    }
    throw targetLeft(table)
  }

  const ahead = createPageAhead(({ table, cursor, limit }, signal, onNext) => {
    const target = targets.find(table)
    return reading(table, signal, () =>
      target && !('tag' in target)
        ? recordPage(client, target, typeof cursor === 'string' ? cursor : undefined, limit, signal)
        : entityPage(readingOf(table), table, cursor, limit, signal, onNext),
    )
  })

  async function* stream(resume: Resume | null, outer: AbortSignal): AsyncGenerator<StreamItem<RowFact>> {
    const leaving = new AbortController()
    const signal = AbortSignal.any([outer, leaving.signal])
    const mailbox = createMailbox<Told>(options.maxQueued, () => tooSlow(options.maxQueued))
    try {
      const schemas = await knownSchemas(options, signal)
      const streams = openStreams(
        { ...options, onBroken },
        new Map(schemas.map((schema) => [schema.tag, schema])),
        mailbox,
        signal,
      )
      const [{ epoch }, serverVersion] = await Promise.all([
        streams.pulse,
        client.version(signal),
        streams.subscribed,
      ])
      const schemaHashes = Object.fromEntries(
        schemas.map((schema) => [schema.tag, computeSchemaHash([schema])]),
      )
      const stored = readCheckpoint(options.stored())
      options.onIdentity({ serverVersion, schemas, schemaHashes, epoch }, stored)
      let checkpoint: ToriiCheckpoint = {
        ...{ world, epoch, serverVersion, head: streams.head(), manifestHash: options.manifestHash },
        highWater: await newestChange(readings.entities, targets.tags('entities'), signal),
        eventHighWater: await newestChange(readings.eventMessages, targets.tags('eventMessages'), signal),
        schemas: schemaHashes,
      }
      if (resume && stored && isContinued(stored, checkpoint, options.isWhole))
        yield* closeGap(stored, schemas, signal)
      yield { kind: 'facts', facts: [], checkpoint: checkpointToValue(checkpoint) }
      yield { kind: 'live' }
      for (;;) {
        for (const { facts, marks } of inBatches(await mailbox.take())) {
          checkpoint = {
            ...checkpoint,
            head: streams.head(),
            highWater: Math.max(checkpoint.highWater, marks.entities),
            eventHighWater: Math.max(checkpoint.eventHighWater, marks.eventMessages),
          }
          ahead.told()
          for (const { table } of facts) onRows(table, 1, Math.max(marks.entities, marks.eventMessages))
          yield { kind: 'facts', facts, checkpoint: checkpointToValue(checkpoint) }
        }
      }
    } catch (error) {
      await suspect(error, outer)
      throw outer.aborted ? error : asPassing(error, options.stored() !== undefined)
    } finally {
      leaving.abort()
    }
  }

  /** Everything that changed since, then what came or went without a trace; says `resumed` if it could. */
  async function* closeGap(
    { highWater, eventHighWater, schemas: covered }: ToriiCheckpoint,
    schemas: readonly ModelSchema[],
    signal: AbortSignal,
  ): AsyncGenerator<StreamItem<RowFact>> {
    if (!rules.resume) {
      yield { kind: 'resumed' }
      return
    }
    const known = (tag: string): boolean => Object.hasOwn(covered, tag) && options.isWhole(tag)
    for (const [reading, since] of [
      [readings.entities, highWater],
      [readings.eventMessages, eventHighWater],
    ] as const) {
      const tags = targets.tags(reading.kind).filter(known)
      for await (const facts of changesSince(reading, tags, since, pageRows, signal))
        yield { kind: 'facts', facts }
    }
    const entityTags = new Set(targets.tags('entities').filter(known))
    for (const schema of rules.reconcileIds ? schemas : []) {
      // Events are not deleted.
      if (!entityTags.has(schema.tag)) continue
      const touched = await differingIds(readings.entities, schema, options.heldIds(schema.tag), signal)
      if (!touched) return
      yield { kind: 'facts', facts: touched.map((id) => ({ kind: 'touched', table: schema.tag, id })) }
    }
    for (const table of targets.tables) if (!known(table)) yield* readWhole(table, signal)
    yield { kind: 'resumed' }
  }

  /** All of a table that was not whole, or of which nothing tells what changed. */
  async function* readWhole(table: string, signal: AbortSignal): AsyncGenerator<StreamItem<RowFact>> {
    const target = targets.find(table)
    if (!target) return
    const unseen = new Set(options.heldIds(table))
    const pages =
      'tag' in target
        ? changesSince(readingOf(table), [table], 0, pageRows, signal)
        : everyRecord(client, target, pageRows, signal)
    for await (const facts of pages) {
      for (const { id } of facts) unseen.delete(id)
      yield { kind: 'facts', facts }
    }
    // Asked for by id: one that moved while pages were read may be there.
    const facts = [...unseen].map((id): RowFact => ({ kind: 'touched', table, id }))
    yield { kind: 'facts', facts, covers: [{ table, key: wholeTable, complete: true }] }
  }

  return {
    // The stream says nothing of what the network swallowed: everything is compared from time to time [S5].
    capabilities: { kind: 'state', lossless: false, resumable: true, keptCursors: true },
    async page(request, signal) {
      const page = await ahead.page(request, signal)
      // It was asked for before; what has been left out since is not to be taken for whole.
      if (targets.find(request.table)) return page
      throw targetLeft(request.table)
    },
    async get(table, ids, signal) {
      const target = targets.find(table)
      if (!target) return ids.map((id) => asHeld(options, table, id))
      const found = await reading(table, signal, () =>
        'tag' in target
          ? entitiesById(readingOf(table), table, ids, signal)
          : recordsById(client, target, ids, pageRows, signal),
      )
      ahead.told()
      return found
    },
    stream,
  }
}

/**
 * The schemas of the models that are synchronised. One that cannot be read is left out.
 *
 * @throws {FreshetError} `torii/unknown-model`
 */
async function knownSchemas(
  { client, world, targets }: ToriiSourceOptions,
  signal: AbortSignal,
): Promise<readonly ModelSchema[]> {
  const tags = [...targets.tags('entities'), ...targets.tags('eventMessages')]
  const { known, broken } = await client.schemas(world, tags, signal)
  for (const { tag, fault } of broken) targets.quarantine(tag, fault)
  const found = new Set([...known, ...broken].map(({ tag }) => tag))
  const missing = tags.filter((tag) => !found.has(tag))
  if (missing.length === 0) return known
  throw new FreshetError({
    code: 'torii/unknown-model',
    kind: 'remote',
    message: `World ${world} has no model ${missing.join(', ')} that this Torii indexes. Check the tags in models, or wait until the model is registered.`,
  })
}

function tooSlow(maxQueued: number): FreshetError {
  return new FreshetError({
    code: 'torii/too-slow',
    kind: 'remote',
    retryable: true,
    message: `More than ${maxQueued} messages wait to be applied; the connection is made again and what was missed is read. Narrow what is synchronised, or raise backPressure.maxQueued.`,
  })
}

/** What was asked for before its table was left out stays as it is. */
function asHeld({ held }: ToriiSourceOptions, table: string, id: string): RowFact {
  const row = held(table, id)
  return row ? { kind: 'put', table, id, row } : { kind: 'delete', table, id }
}

/** What was told, in batches, each with how far it brings the high-water marks. */
function* inBatches(told: readonly Told[]) {
  let facts: RowFact[] = []
  const marks = { entities: 0, eventMessages: 0 }
  for (const { facts: next, kind, executedAt } of told) {
    if (facts.length > 0 && facts.length + next.length > batchFacts) {
      yield { facts, marks }
      facts = []
    }
    facts.push(...next)
    if (kind) marks[kind] = Math.max(marks[kind], executedAt)
  }
  yield { facts, marks }
}

/** A proxy or a portal may stand where a Torii was and will be again: that is waited for. */
function asPassing(error: unknown, wasTorii: boolean): unknown {
  if (!wasTorii || !(error instanceof FreshetError) || error.code !== 'torii/not-torii') return error
  const { code, kind, message } = error
  return new FreshetError({
    code,
    kind,
    message: `${message} It is tried again.`,
    retryable: true,
    cause: error,
  })
}

/**
 * Whether what is held goes on under this server: same world and schemas, and an
 * indexer that has not gone back. A model that was not synchronised last time
 * must not be held: it may have changed meanwhile.
 */
function isContinued(
  stored: ToriiCheckpoint,
  now: ToriiCheckpoint,
  isWhole: (table: string) => boolean,
): boolean {
  return (
    stored.world === now.world &&
    stored.epoch === now.epoch &&
    stored.head <= now.head &&
    Object.entries(now.schemas).every(([tag, hash]) =>
      Object.hasOwn(stored.schemas, tag) ? stored.schemas[tag] === hash : !isWhole(tag),
    )
  )
}
