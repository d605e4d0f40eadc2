import { FreshetError, rowsEqual, type Row } from '@freshet/core'
import { pagination, type ListResult, type LiveTable, type ReadFreshness } from '@freshet/table'
import type { DbSession } from './db-session.ts'
import { exitCodeOf, exitCodes } from './exit-code.ts'
import { wantsColour } from './io.ts'
import { rowFromJson, rowToJson } from './json-value.ts'
import { badCall } from './parse-call.ts'
import { printTable, visible } from './print-table.ts'
import { withProgress } from './progress.ts'
import { placeOf } from './registry.ts'
import { watchTable } from './watch-table.ts'

/**
 * Does commands from left to right. A condition that makes no sense is said and
 * passed over; the exit code remembers it.
 *
 * @returns The exit code.
 */
export async function doCommands(
  session: DbSession,
  table: LiveTable,
  commands: readonly string[],
): Promise<number> {
  const { io } = session
  let code = 0
  let at = 0
  while (at < commands.length) {
    const command = commands[at] ?? ''
    const rest = commands.slice(at + 1)
    if (command === 'ref') return worse(code, await followReference(session, table, rest))
    if (command.startsWith('?')) {
      table.addCondition(table.searchExpression(command.slice(1)))
      at += 1
      continue
    }
    if (command.includes('=')) {
      code = worse(code, narrow(session, table, command))
      at += 1
      continue
    }
    const known = verbs.get(command)
    if (known === undefined) {
      io.out(`Unknown command: ${visible(command)}`)
      io.out(`Commands: ${[...verbs.keys(), 'ref', '?text', 'field=value', 'page=N', 'ipp=N'].join(', ')}`)
      return exitCodes.usage
    }
    const words = rest.slice(0, known.words)
    if (words.length < known.words) throw badCall(`Call it as ${known.usage}. See freshet --help.`)
    code = worse(code, await known.run(session, table, words))
    at += 1 + known.words
  }
  return code
}

type Verb = {
  /** How many words belong to it. */
  readonly words: number
  readonly usage: string
  run(session: DbSession, table: LiveTable, words: readonly string[]): Promise<number>
}

const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['list', { words: 0, usage: 'list', run: list }],
  ['get', { words: 0, usage: 'get', run: get }],
  ['add', { words: 2, usage: 'add ID JSON', run: add }],
  ['delete', { words: 1, usage: 'delete ID', run: remove }],
  ['watch', { words: 0, usage: 'watch', run: watchTable }],
])

function worse(code: number, other: number): number {
  return code === 0 ? other : code
}

/** Takes `page=`, `ipp=` and `field=value`. */
function narrow({ io, options }: DbSession, table: LiveTable, command: string): number {
  const equals = command.indexOf('=')
  const [field, text] = [command.slice(0, equals), command.slice(equals + 1)]
  try {
    const shown = table.getPagination()
    if (field === 'page') table.setPagination(pagination(countOf('page', text), shown?.ipp))
    else if (field === 'ipp') table.setPagination(pagination(shown?.page, countOf('ipp', text)))
    else table.addConditionEq(field, text)
    return 0
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error
    const say = options.json ? io.err : io.out
    say(`❌ ${visible(error.message)}`)
    return exitCodeOf(error)
  }
}

function countOf(what: 'page' | 'ipp', text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text)
  throw new FreshetError({
    code: 'cli/bad-count',
    kind: 'usage',
    message: `Invalid integer value: ${text}. ${what} is a whole number from 1.`,
  })
}

async function read(session: DbSession, table: LiveTable): Promise<ListResult> {
  const { io, registry } = session
  const place = placeOf(registry.connection)
  const result = await withProgress(io, `Reading ${table.tableName} from ${place}`, () => table.list())
  noteFreshness(session, table, result)
  return result
}

async function list(session: DbSession, table: LiveTable): Promise<number> {
  const { io, options } = session
  const { rows } = await read(session, table)
  if (options.json) {
    for (const row of rows.values()) io.out(rowToJson(row))
    return 0
  }
  for (const line of printTable(table, rows.values(), wantsColour(io))) io.out(line)
  io.out(`Found ${rows.size} records`)
  return 0
}

async function get(session: DbSession, table: LiveTable): Promise<number> {
  const { io, options } = session
  const [first] = (await read(session, table)).rows.values()
  if (first !== undefined) io.out(rowToJson(first, options.json ? undefined : 2))
  else io.out(options.json ? 'null' : 'No record found')
  return 0
}

async function add(
  session: DbSession,
  table: LiveTable,
  [id = '', json = '']: readonly string[],
): Promise<number> {
  const { io, options, registry } = session
  const types = table.columnTypes
  const { [table.idFieldName]: _, ...columns } = types
  const schema = { columns, idField: table.idFieldName, titleFields: table.titleFieldNames, references: {} }
  const row = rowFromJson(schema, json)
  const place = placeOf(registry.connection)
  const stored = await withProgress(io, `Writing ${table.tableName} at ${place}`, () =>
    table.insertValue(id, row),
  )
  const given = Object.fromEntries(Object.keys(row).map((field) => [field, stored[field] ?? null]))
  // Inserting over a row leaves it as it is: that must not look like success.
  if (!rowsEqual(given, row, types)) {
    io.err(
      `❌ There is a record with id ${visible(id)} already, and it was left as it is. Delete it first, or choose another id.`,
    )
    return exitCodes.conflict
  }
  io.out(options.json ? rowToJson(stored) : `✓ Added record with id: ${visible(id)}`)
  return 0
}

async function remove(session: DbSession, table: LiveTable, [id = '']: readonly string[]): Promise<number> {
  const { io, options, registry } = session
  const place = placeOf(registry.connection)
  await withProgress(io, `Deleting from ${table.tableName} at ${place}`, () => table.delete(id))
  io.out(options.json ? rowToJson({ deleted: id }) : `✓ Deleted record with id: ${visible(id)}`)
  return 0
}

async function followReference(
  session: DbSession,
  table: LiveTable,
  words: readonly string[],
): Promise<number> {
  const { io } = session
  const [name, ...commands] = words
  const known = table.refNames.join(', ')
  if (name === undefined) {
    io.out(known === '' ? 'There are no references.' : `Available references: ${known}`)
    return 0
  }
  if (!table.refNames.includes(name)) {
    io.out(
      `❌ Reference '${visible(name)}' not found: ${known === '' ? 'there are none.' : `choose one of ${known}.`}`,
    )
    return exitCodes.usage
  }
  const rows: readonly Row[] = [...(await read(session, table)).rows.values()]
  if (!session.options.json) io.out(`→ Following reference: ${name}`)
  return doCommands(session, await session.follow(table, name, rows), commands)
}

/** Says where an answer came from, unless it came fresh from the database. */
function noteFreshness(
  { io, registry }: DbSession,
  table: LiveTable,
  { source, stale, fetchedAtUnixMs }: ReadFreshness,
): void {
  if (source === 'remote' && !stale) return
  const age = ageText(io.clock.now() - fetchedAtUnixMs)
  const { state } = table.status.get()
  const place = placeOf(registry.connection)
  if (state === 'retrying') io.err(`From the cache, read ${age} ago: ${place} is out of reach.`)
  else if (source === 'cache' && stale)
    io.err(`From the cache, read ${age} ago. --refresh asks the database.`)
}

function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`
}
