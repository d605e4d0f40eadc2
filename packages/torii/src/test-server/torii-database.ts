import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { ModelSchema } from '../schema/model-type.ts'
import { typeToJson } from '../schema/schema-json.ts'

/** A row of `entities`, with the models of it that were asked for. */
export type StoredEntity = {
  readonly entityId: string
  readonly eventId: string
  readonly executedAt: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Encoded `Struct` of each model. */
  readonly models: readonly Uint8Array[]
}

type EntityWrite = {
  readonly entityId: string
  readonly tag: string
  /** The encoded `Struct`; undefined deletes the model from the entity. */
  readonly struct: Uint8Array | undefined
  readonly eventId: string
  readonly nowUnixS: number
}

/**
 * What a Torii keeps, in the tables of torii 1.8.16 as far as this server is
 * asked about them. The members of a model are one column, not one each.
 */
export type ToriiDatabase = {
  addModel(model: ModelSchema): void
  write(write: EntityWrite): void
  page(asked: {
    readonly models: readonly ModelSchema[]
    readonly before: string | undefined
    readonly ids: readonly string[] | undefined
    readonly limit: number
  }): readonly StoredEntity[]
  sql(statement: string): readonly Readonly<Record<string, unknown>>[]
  /** Forgets all entities, as an indexer that begins anew. */
  clear(): void
  close(): void
}

/** @param world - In the form of the database: see `databaseFelt`. */
export function openToriiDatabase(world: string): ToriiDatabase {
  const db = new DatabaseSync(':memory:')
  db.exec(tables)
  const prepared = new Map<string, ReturnType<typeof db.prepare>>()
  const statement = (sql: string) => {
    let known = prepared.get(sql)
    if (!known) prepared.set(sql, (known = db.prepare(sql)))
    return known
  }
  const run = (sql: string, ...values: SQLInputValue[]) => statement(sql).run(...values)
  const keyOf = (entityId: string): string => `${world}:${databaseFelt(entityId)}`
  const modelOf = ({ selector }: ModelSchema): string => `${world}:${databaseFelt(selector)}`
  const models = new Map<string, ModelSchema>()

  const remove = (id: string, model: ModelSchema): void => {
    run(`DELETE FROM [${model.tag}] WHERE internal_id = ?`, id)
    run('DELETE FROM entity_model WHERE entity_id = ? AND model_id = ?', id, modelOf(model))
    run(
      'DELETE FROM entities WHERE id = ? AND NOT EXISTS (SELECT 1 FROM entity_model WHERE entity_id = ?)',
      id,
      id,
    )
  }

  return {
    addModel(model) {
      models.set(model.tag, model)
      db.exec(
        `CREATE TABLE IF NOT EXISTS [${model.tag}] (internal_id TEXT PRIMARY KEY, internal_event_id TEXT, internal_entity_id TEXT, internal_executed_at INTEGER, members BLOB)`,
      )
      const [namespace, name] = splitTag(model.tag)
      const schema = JSON.stringify(typeToJson({ kind: 'struct', name: model.tag, members: model.members }))
      run(
        'INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?, ?)',
        modelOf(model),
        namespace,
        name,
        schema,
        model.classHash,
      )
    },
    write({ entityId, tag, struct, eventId, nowUnixS }) {
      const id = keyOf(entityId)
      const model = models.get(tag)
      if (!model) throw new RangeError(`There is no model ${tag}.`)
      run(
        'INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET event_id = excluded.event_id, executed_at = excluded.executed_at, updated_at = excluded.updated_at',
        ...[id, world, databaseFelt(entityId), eventId, nowUnixS, nowUnixS, nowUnixS],
      )
      if (!struct) return remove(id, model)
      run(`INSERT OR REPLACE INTO [${tag}] VALUES (?, ?, ?, ?, ?)`, id, eventId, id, nowUnixS, struct)
      run('INSERT OR IGNORE INTO entity_model VALUES (?, ?, 0)', id, modelOf(model))
    },
    page({ models: asked, before, ids, limit }) {
      if (asked.length === 0) return []
      const conditions = [
        `EXISTS (SELECT 1 FROM entity_model WHERE entity_id = e.id AND model_id IN (${marks(asked)}))`,
        ...(before === undefined ? [] : ['e.event_id < ?']),
        ...(ids === undefined ? [] : [`e.id IN (${marks(ids)})`]),
      ]
      const members = asked.map((_, at) => `m${at}.members`).join(', ')
      const joins = asked.map(({ tag }, at) => `LEFT JOIN [${tag}] m${at} ON m${at}.internal_id = e.id`)
      const select = db.prepare(
        `SELECT e.entity_id, e.event_id, e.executed_at, e.created_at, e.updated_at, ${members} FROM entities e ${joins.join(' ')} WHERE ${conditions.join(' AND ')} ORDER BY e.event_id DESC LIMIT ?`,
      )
      // Lists cost less than objects per row.
      select.setReturnArrays(true)
      const rows: readonly unknown[] = select.all(
        ...asked.map(modelOf),
        ...(before === undefined ? [] : [before]),
        ...(ids ?? []).map(keyOf),
        limit,
      )
      return rows.flatMap((row) => (Array.isArray(row) ? [storedEntity(row)] : []))
    },
    sql: (text) => db.prepare(text).all(),
    clear() {
      for (const tag of models.keys()) db.exec(`DELETE FROM [${tag}]`)
      db.exec('DELETE FROM entity_model; DELETE FROM entities')
    },
    close: () => db.close(),
  }
}

function storedEntity([
  entityId,
  eventId,
  executedAt,
  createdAt,
  updatedAt,
  ...models
]: readonly unknown[]): StoredEntity {
  return {
    entityId: String(entityId),
    eventId: String(eventId),
    executedAt: Number(executedAt),
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
    models: models.filter((held) => held instanceof Uint8Array),
  }
}

const tables = `
  CREATE TABLE models (id TEXT PRIMARY KEY, namespace TEXT, name TEXT, schema TEXT, class_hash TEXT);
  CREATE TABLE entities (id TEXT PRIMARY KEY, world_address TEXT, entity_id TEXT, event_id TEXT, executed_at INTEGER, created_at INTEGER, updated_at INTEGER);
  CREATE INDEX entities_by_event ON entities (event_id);
  CREATE TABLE entity_model (entity_id TEXT, model_id TEXT, historical_counter INTEGER, PRIMARY KEY (entity_id, model_id));
`

/** As Torii writes felts in its database: `0x` and at least 62 digits. */
export function databaseFelt(felt: string): string {
  return `0x${BigInt(felt).toString(16).padStart(62, '0')}`
}

export function splitTag(tag: string): readonly [namespace: string, name: string] {
  const dash = tag.lastIndexOf('-')
  return [tag.slice(0, dash), tag.slice(dash + 1)]
}

function marks(items: readonly unknown[]): string {
  return items.map(() => '?').join(', ')
}
