import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { patchRow, type Clock, type Row } from '@freshet/core'
import type { ModelMember, ModelSchema } from '../schema/model-type.ts'
import { entityIdOf } from '../values/entity-id.ts'
import { canonicalFelt } from '../values/felt.ts'
import { modelSelector } from '../values/model-tag.ts'
import { writeStruct } from '../wire/write-value.ts'
import { databaseFelt, openToriiDatabase, type ToriiDatabase } from './torii-database.ts'
import { createWorldRecords, type WorldRecords } from './world-records.ts'

/** One committed change, as subscribers are told of it. */
export type WorldChange = {
  readonly entityId: string
  readonly tag: string
  readonly executedAt: number
  /** The encoded `Struct`: whole, some members, or none for a deletion. */
  readonly struct: Uint8Array
}

/**
 * A world on a chain with its indexer: models, entities, blocks. What is written
 * here is committed, and then told.
 */
export type ToriiWorld = {
  readonly address: string
  readonly head: number
  /** When the indexer began: changes when it begins anew. */
  readonly createdAt: number
  readonly database: ToriiDatabase
  models(): readonly ModelSchema[]
  /** The rows of a model by entity id: the truth that replicas are held to. */
  rows(tag: string): ReadonlyMap<string, Row>
  /** Adds a model, or changes one as an upgrade on chain does. Returns its tag. */
  declare(tag: string, members: readonly ModelMember[]): string
  /** `set_model`: the whole row. Told whole. Returns the entity id. */
  set(tag: string, row: Row): string
  /** `write_member`: told as that member alone. */
  writeMember(tag: string, entityId: string, member: string, value: Row[string]): void
  /** An update record: told without the keys. */
  update(tag: string, entityId: string, members: Row): void
  /** Told as the model with no member. */
  delete(tag: string, entityId: string): void
  /** Adds a model of events. Returns its tag. */
  declareEvent(tag: string, members: readonly ModelMember[]): string
  /** An event: the newest of its keys is kept as an event message, and told. Returns the entity id. */
  emit(tag: string, row: Row): string
  /** Event messages, apart from entities. */
  readonly eventMessages: ToriiDatabase
  readonly records: WorldRecords
  /** Tells an entity's model in bytes that no client can read. */
  garble(tag: string, entityId: string): void
  /** The indexer forgets everything and reads the chain again. */
  reindex(): void
  onChange(listener: (change: WorldChange) => void): () => void
  onEvent(listener: (change: WorldChange) => void): () => void
  onHead(listener: () => void): () => void
  close(): void
}

export function createToriiWorld(options: {
  readonly clock: Clock
  readonly address?: string | undefined
}): ToriiWorld {
  const { clock } = options
  const address = canonicalFelt(options.address ?? '0x1234')
  const database = openToriiDatabase(databaseFelt(address))
  const models = new Map<string, ModelSchema>()
  const rows = new Map<string, Map<string, Row>>()
  const eventMessages = openToriiDatabase(databaseFelt(address))
  const records = createWorldRecords()
  const eventTags = new Set<string>()
  const eventListeners = new Set<(change: WorldChange) => void>()
  const changeListeners = new Set<(change: WorldChange) => void>()
  const headListeners = new Set<() => void>()
  const nowUnixS = (): number => Math.floor(clock.now() / 1_000)
  let head = 0
  let createdAt = nowUnixS()
  let transactions = 0

  const modelOf = (tag: string): ModelSchema => {
    const model = models.get(tag)
    if (model) return model
    throw new RangeError(`There is no model ${tag}.`)
  }
  const declareIn = (into: ToriiDatabase, tag: string, members: readonly ModelMember[]): string => {
    const classHash = canonicalFelt(BigInt(models.size + 1) * 1_000n + BigInt(members.length))
    const model = { tag, selector: modelSelector(tag), classHash, members }
    models.set(tag, model)
    into.addModel(model)
    return tag
  }
  const rowsOf = (tag: string): Map<string, Row> => {
    let held = rows.get(tag)
    if (!held) rows.set(tag, (held = new Map<string, Row>()))
    return held
  }
  /** Sorts by block, and inside a block not by execution: as on the real chain. */
  const nextEventId = (): string => {
    head += 1
    transactions += 1
    const transaction = BigInt.asUintN(200, BigInt(transactions) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834n)
    return [`${head}`, `${transaction}`, address].map(databaseFelt).join(':') + ':0x00'
  }
  const store = (tag: string, entityId: string, row: Row | undefined): void => {
    const struct = row && encodeStruct(modelOf(tag), row)
    database.write({ entityId, tag, struct, eventId: nextEventId(), nowUnixS: nowUnixS() })
  }
  const commit = (tag: string, entityId: string, row: Row | undefined, told: Row): void => {
    if (row) rowsOf(tag).set(entityId, row)
    else rowsOf(tag).delete(entityId)
    store(tag, entityId, row)
    const change = { entityId, tag, executedAt: nowUnixS(), struct: encodeStruct(modelOf(tag), told) }
    for (const listener of changeListeners) listener(change)
    for (const listener of headListeners) listener()
  }
  const patch = (tag: string, entityId: string, set: Row): void => {
    const held = rowsOf(tag).get(entityId)
    if (held) commit(tag, entityId, patchRow(held, set), set)
  }

  return {
    address,
    get head() {
      return head
    },
    get createdAt() {
      return createdAt
    },
    database,
    models: () => [...models.values()],
    rows: rowsOf,
    declare: (tag, members) => declareIn(database, tag, members),
    declareEvent(tag, members) {
      eventTags.add(tag)
      return declareIn(eventMessages, tag, members)
    },
    emit(tag, row) {
      const entityId = entityIdOf(modelOf(tag).members, row)
      rowsOf(tag).set(entityId, row)
      const struct = encodeStruct(modelOf(tag), row)
      eventMessages.write({ entityId, tag, struct, eventId: nextEventId(), nowUnixS: nowUnixS() })
      for (const listener of eventListeners) listener({ entityId, tag, executedAt: nowUnixS(), struct })
      for (const listener of headListeners) listener()
      return entityId
    },
    eventMessages,
    records,
    garble(tag, entityId) {
      // A member that claims to be longer than the model it is in.
      const struct = Uint8Array.of(
        ...new BinaryWriter().tag(1, WireType.LengthDelimited).string(tag).finish(),
        0x12,
        0x7f,
      )
      database.write({ entityId, tag, struct, eventId: nextEventId(), nowUnixS: nowUnixS() })
      for (const listener of changeListeners) listener({ entityId, tag, executedAt: nowUnixS(), struct })
    },
    set(tag, row) {
      const entityId = entityIdOf(modelOf(tag).members, row)
      commit(tag, entityId, row, row)
      return entityId
    },
    writeMember: (tag, entityId, member, value) => patch(tag, entityId, { [member]: value }),
    update(tag, entityId, members) {
      const held = rowsOf(tag).get(entityId)
      if (!held) return
      const after = patchRow(held, members)
      const told: { [name: string]: Row[string] } = {}
      for (const { name, key } of modelOf(tag).members) if (!key) told[name] = after[name] ?? null
      commit(tag, entityId, after, told)
    },
    delete(tag, entityId) {
      if (rowsOf(tag).has(entityId)) commit(tag, entityId, undefined, {})
    },
    reindex() {
      database.clear()
      head = 0
      createdAt = Math.max(createdAt + 1, nowUnixS())
      for (const [tag, held] of rows) {
        if (eventTags.has(tag)) continue
        for (const [entityId, row] of held) store(tag, entityId, row)
      }
      for (const listener of headListeners) listener()
    },
    onChange: (listener) => added(changeListeners, listener),
    onEvent: (listener) => added(eventListeners, listener),
    onHead: (listener) => added(headListeners, listener),
    close() {
      database.close()
      eventMessages.close()
    },
  }
}

function encodeStruct({ tag, members }: ModelSchema, row: Row): Uint8Array {
  const writer = new BinaryWriter()
  writeStruct(writer, tag, members, row)
  return writer.finish()
}

function added<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}
