import { FreshetError, type ColumnType } from '@freshet/core'
import { tableSchema, type Reference, type TableSchema } from '@freshet/table'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isMap, isScalar, LineCounter, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml'
import { checkedUrl, isPostgresUrl, type Connection, type Registry } from './registry.ts'

const columnTypes: readonly ColumnType[] = [
  'any',
  'bool',
  'int',
  'float',
  'decimal',
  'text',
  'bytes',
  'datetime',
  'uuid',
  'recordId',
  'duration',
  'array',
  'object',
]

/**
 * Reads entities and connection from a YAML file.
 *
 * @throws {FreshetError} `cli/bad-config`, with file and line.
 */
export async function readConfig(path: string): Promise<Registry> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw badConfig(`${path}: ${reason}. Give the path of a YAML file with --config.`)
  })
  return parseConfig(text, path)
}

export function parseConfig(text: string, path: string): Registry {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined) {
    const what = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''
    throw badConfig(`${path}:${lines.linePos(error.pos[0]).line}: ${what}. Mend the YAML.`)
  }
  const reader = createReader(path, lines)
  const root = reader.map(document.contents, 'The file')
  const fields = reader.fields(root, ['connection', 'entities'])
  const entitiesNode = reader.required(fields, 'entities', root)
  const entityPairs = [...reader.entries(reader.map(entitiesNode, 'entities'))]
  const tableOf = new Map(entityPairs.map(([name, node]) => [name, tableName(reader, name, node)]))
  const tables: Record<string, TableSchema> = {}
  for (const [name, node] of entityPairs) {
    Object.assign(tables, { [tableOf.get(name) ?? name]: readEntity(reader, node, name, tableOf) })
  }
  return {
    connection: readConnection(reader, reader.required(fields, 'connection', root), dirname(path)),
    entities: Object.fromEntries(tableOf),
    tables,
  }
}

function readConnection(reader: Reader, node: Node, folder: string): Connection {
  const map = reader.map(node, 'connection')
  const fields = reader.fields(map, ['url', 'namespace', 'database', 'username', 'schema', 'slot', 'sqlite'])
  const sqlite = fields.get('sqlite')
  if (sqlite !== undefined) return { kind: 'sqlite', path: resolve(folder, reader.text(sqlite, 'sqlite')) }
  const urlNode = reader.required(fields, 'url', map)
  const url = reader.checked(urlNode, () => checkedUrl(reader.text(urlNode, 'url')))
  if (isPostgresUrl(url)) {
    const [schema, slot] = [fields.get('schema'), fields.get('slot')]
    return {
      kind: 'postgres',
      url,
      schema: schema && reader.text(schema, 'schema'),
      slot: slot && reader.text(slot, 'slot'),
    }
  }
  const username = fields.get('username')
  return {
    kind: 'surrealdb',
    url,
    namespace: reader.text(reader.required(fields, 'namespace', map), 'namespace'),
    database: reader.text(reader.required(fields, 'database', map), 'database'),
    username: username && reader.text(username, 'username'),
  }
}

const entityFields = ['table', 'id', 'title', 'columns', 'references']

function tableName(reader: Reader, entity: string, node: Node): string {
  const table = reader.fields(reader.map(node, `Entity ${entity}`), entityFields).get('table')
  return table === undefined ? entity : reader.text(table, 'table')
}

function readEntity(
  reader: Reader,
  node: Node,
  entity: string,
  tableOf: ReadonlyMap<string, string>,
): TableSchema {
  const map = reader.map(node, `Entity ${entity}`)
  const fields = reader.fields(map, entityFields)
  const columns = [...reader.entries(reader.map(reader.required(fields, 'columns', map), 'columns'))]
  const [id, title] = [fields.get('id'), fields.get('title')]
  const references = fields.get('references')
  return tableSchema({
    columns: Object.fromEntries(columns.map(([name, type]) => [name, readType(reader, type)])),
    idField: id && reader.text(id, 'id'),
    titleFields: title && [reader.text(title, 'title')],
    references: references && readReferences(reader, references, tableOf),
  })
}

function readType(reader: Reader, node: Node): ColumnType {
  const text = reader.text(node, 'A column type')
  const type = columnTypes.find((known) => known === text)
  if (type !== undefined) return type
  throw reader.fault(
    node,
    `There is no column type ${JSON.stringify(text)}. Types: ${columnTypes.join(', ')}.`,
  )
}

function readReferences(
  reader: Reader,
  node: Node,
  tableOf: ReadonlyMap<string, string>,
): { readonly [name: string]: Reference } {
  const found = [...reader.entries(reader.map(node, 'references'))].map(
    ([name, entry]): [string, Reference] => {
      const map = reader.map(entry, `Reference ${name}`)
      const fields = reader.fields(map, ['one', 'many', 'field'])
      const kind = fields.has('one') ? 'one' : 'many'
      const target = reader.required(fields, kind, map)
      const entity = reader.text(target, kind)
      const table = tableOf.get(entity)
      if (table === undefined) {
        throw reader.fault(
          target,
          `There is no entity ${JSON.stringify(entity)}. Entities: ${[...tableOf.keys()].join(', ')}.`,
        )
      }
      return [name, { kind, table, field: reader.text(reader.required(fields, 'field', map), 'field') }]
    },
  )
  return Object.fromEntries(found)
}

/** Reads nodes of one file, and says where a mistake is. */
type Reader = {
  map(node: Node | null | undefined, what: string): YAMLMap
  entries(map: YAMLMap): IterableIterator<[name: string, node: Node]>
  /** The entries by name; a name that is not known is a mistake. */
  fields(map: YAMLMap, known: readonly string[]): ReadonlyMap<string, Node>
  required(fields: ReadonlyMap<string, Node>, name: string, map: Node): Node
  text(node: Node, what: string): string
  checked<T>(node: Node, read: () => T): T
  fault(node: Node | null | undefined, message: string): FreshetError
}

function createReader(path: string, lines: LineCounter): Reader {
  const fault: Reader['fault'] = (node, message) => {
    const line = lines.linePos(node?.range?.[0] ?? 0).line
    return badConfig(`${path}:${Math.max(1, line)}: ${message}`)
  }
  const entries = function* (map: YAMLMap): IterableIterator<[string, Node]> {
    // A parsed map holds pairs of nodes.
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      if (!isScalar(key)) throw fault(key, 'A name must be a plain text.')
      if (value === null)
        throw fault(key, `${JSON.stringify(String(key.value))} is empty. Give it a value, or leave it out.`)
      yield [String(key.value), value]
    }
  }
  return {
    fault,
    entries,
    map(node, what) {
      if (isMap(node)) return node
      throw fault(node, `${what} must be a mapping of names to values.`)
    },
    fields(map, known) {
      const found = new Map<string, Node>()
      for (const [name, node] of entries(map)) {
        if (!known.includes(name)) {
          throw fault(
            node,
            `There is no setting ${JSON.stringify(name)} here. Settings: ${known.join(', ')}.`,
          )
        }
        found.set(name, node)
      }
      return found
    },
    required(fields, name, map) {
      const node = fields.get(name)
      if (node !== undefined) return node
      throw fault(map, `The setting ${name} is missing.`)
    },
    text(node, what) {
      if (isScalar(node) && (typeof node.value === 'string' || typeof node.value === 'number'))
        return String(node.value)
      throw fault(node, `${what} must be a text.`)
    },
    checked(node, read) {
      try {
        return read()
      } catch (error) {
        throw fault(node, error instanceof Error ? error.message : String(error))
      }
    },
  }
}

function badConfig(message: string): FreshetError {
  return new FreshetError({ code: 'cli/bad-config', kind: 'usage', message })
}
