import { FreshetError } from '@freshet/core'
import { doCommands } from './db-commands.ts'
import { openSession } from './db-session.ts'
import { serveDemo } from './demo-command.ts'
import { exitCodeOf, exitCodeOfStopped } from './exit-code.ts'
import { help } from './help.ts'
import type { Io } from './io.ts'
import { readConfig } from './config-file.ts'
import { badCall, parseCall, type Call, type CallOptions } from './parse-call.ts'
import {
  checkedUrl,
  demoRegistry,
  isPostgresUrl,
  placeOf,
  postgresRegistry,
  type Registry,
} from './registry.ts'
import { version } from './version.ts'

/**
 * Runs one command line.
 *
 * Never throws: a mistake or fault is one sentence on `io.err`, with where it
 * came from only under `--debug`.
 *
 * @returns The exit code: 0, or the one of the error's kind (see `exitCodes`), or 130 for what Ctrl-C broke off.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const debug = args.includes('--debug')
  try {
    return await runCall(parseCall(args), io)
  } catch (error) {
    if (isStopped(error, io)) {
      io.err('Stopped.')
      return exitCodeOfStopped
    }
    io.err(`❌ ${sentenceOf(error)}`)
    if (debug) io.err(traceOf(error))
    return exitCodeOf(error)
  }
}

async function runCall(call: Call, io: Io): Promise<number> {
  switch (call.kind) {
    case 'help':
      io.out(help(call.topic))
      return 0
    case 'version':
      io.out(version())
      return 0
    case 'demo':
      return serveDemo(call.options, io)
    case 'torii': {
      // Loaded on use: the other commands start without it.
      const { runTorii } = await import('./torii/torii-command.ts')
      return runTorii(call.words, call.options, io)
    }
    case 'raindex': {
      const { runRaindex } = await import('./raindex/raindex-command.ts')
      return runRaindex(call.words, call.options, io)
    }
    case 'db':
      return runDb(call, io)
  }
}

async function runDb({ entity, commands, options }: Extract<Call, { kind: 'db' }>, io: Io): Promise<number> {
  if (options.config !== undefined && options.url !== undefined) {
    throw badCall('--config names the connection already; leave --url out.')
  }
  const registry = await registryOf(options, io)
  if (entity === undefined) {
    io.out(entityHelp(registry))
    return 0
  }
  const session = await openSession(registry, options, io, commands.includes('watch'))
  try {
    const table = await session.table(entity)
    return await doCommands(session, table, commands.length > 0 ? commands : ['list'])
  } catch (error) {
    throw withPlace(error, registry, options.config !== undefined || options.url !== undefined)
  } finally {
    await session.close()
  }
}

async function registryOf({ config, url }: CallOptions, io: Io): Promise<Registry> {
  if (config !== undefined) return readConfig(config)
  return url !== undefined && isPostgresUrl(url)
    ? postgresRegistry(checkedUrl(url), io.env)
    : demoRegistry(url)
}

function entityHelp(registry: Registry): string {
  const names = Object.keys(registry.entities)
  const [first = 'client'] = names
  return [
    `Available entities: ${names.join(', ')}`,
    '',
    `  freshet db ${first} list`,
    `  freshet db ${first} id=ID get`,
    `  freshet db ${first} page=2 ipp=10 list`,
    `  freshet db ${first} ref`,
  ].join('\n')
}

/** An unreachable database, with where it was looked for and what to do. */
function withPlace(error: unknown, registry: Registry, chosen: boolean): unknown {
  if (!(error instanceof FreshetError) || error.code !== 'table/unreachable') return error
  const place = placeOf(registry.connection)
  const remedy = chosen
    ? 'Check the address and that the database runs.'
    : 'Start the demo with "freshet demo" or "npm start", or name a server with --url.'
  return new FreshetError({
    code: error.code,
    kind: error.kind,
    retryable: error.retryable,
    message: `The database at ${place} is out of reach. ${remedy}`,
    cause: error,
  })
}

/** Ctrl-C in the middle of something that could only be given up. */
function isStopped(error: unknown, io: Io): boolean {
  return error instanceof Error && error.name === 'AbortError' && io.interrupted().aborted
}

function sentenceOf(error: unknown): string {
  if (error instanceof FreshetError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `A fault of freshet: ${message}. Run it again with --debug and report what it prints.`
}

function traceOf(error: unknown): string {
  const lines: string[] = []
  for (let each = error, depth = 0; each instanceof Error && depth < 10; each = each.cause, depth++) {
    lines.push(`${depth === 0 ? '' : 'caused by: '}${each.stack ?? each.message}`)
  }
  return lines.join('\n')
}
