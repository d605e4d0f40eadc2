import { FreshetError } from '@freshet/core'
import { parseArgs } from 'node:util'
import { helpTopics, type HelpTopic } from './help.ts'

export type CallOptions = {
  readonly debug: boolean
  /** Folder of a cache on disk. */
  readonly cache: string | undefined
  readonly noCache: boolean
  /** Ask the database though the cache knows. */
  readonly refresh: boolean
  readonly json: boolean
  /** File that names entities and connection. */
  readonly config: string | undefined
  readonly url: string | undefined
  readonly port: number | undefined
  readonly raindex: RaindexOptions
}

/** What only `raindex` takes, as it was written. */
export type RaindexOptions = {
  /** File of logs, one JSON document per line. */
  readonly logs: string | undefined
  /** Last block to be read. */
  readonly at: string | undefined
  readonly orderbook: string | undefined
  /** The logs are of an order book V6. */
  readonly v6: boolean
  /** `TOKEN=N`, once for each token. */
  readonly decimals: readonly string[]
  /** File of a script, or `demo`. */
  readonly script: string | undefined
  /** Folder of the code that orders run on. */
  readonly contracts: string | undefined
  /** Id of the chain, which programs can ask for. */
  readonly chain: string | undefined
  /** Who would take. */
  readonly counterparty: string | undefined
  /** The most and the least to take, and the most to give per unit received. */
  readonly max: string | undefined
  readonly min: string | undefined
  readonly ratio: string | undefined
  /** The limits mean what is given, not what is received. */
  readonly byOutput: boolean
  /** Addresses of nodes, the preferred one first. */
  readonly rpc: readonly string[]
  /** Public settings file: networks, their nodes, order books by name. */
  readonly settings: string | undefined
  /** Checksum of the dump that a sync begins from. */
  readonly sha256: string | undefined
  /** File of the public tool that a sync takes over. */
  readonly import: string | undefined
  /** File of a local database. */
  readonly db: string | undefined
  /** Blocks where a sync begins, or times of a replay and its step. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly step: string | undefined
  /** File of a table; empty: it is printed. */
  readonly csv: string | undefined
  /** File of a picture. */
  readonly svg: string | undefined
  /** Where a server listens. */
  readonly host: string | undefined
  /** PostgreSQL that servers share their books in. May hold a password. */
  readonly postgres: string | undefined
  /** File that servers of this machine share their books in. */
  readonly shared: string | undefined
  /** File of words that count as signed, or `as-taken`. */
  readonly signed: string | undefined
  /** Threads that quote beside the server's own. */
  readonly workers: string | undefined
}

export type Call =
  | { readonly kind: 'help'; readonly topic: HelpTopic | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'demo'; readonly options: CallOptions }
  | { readonly kind: 'torii'; readonly words: readonly string[]; readonly options: CallOptions }
  | { readonly kind: 'raindex'; readonly words: readonly string[]; readonly options: CallOptions }
  | {
      readonly kind: 'db'
      readonly entity: string | undefined
      readonly commands: readonly string[]
      readonly options: CallOptions
    }

/** @throws {FreshetError} `cli/bad-call`. */
export function parseCall(args: readonly string[]): Call {
  const { values, positionals } = parse(args)
  const [command, ...rest] = positionals
  if (values.version === true) return { kind: 'version' }
  if (values.help === true || command === 'help' || command === undefined) {
    const about = command === 'help' ? rest[0] : command
    return { kind: 'help', topic: helpTopics.find((topic) => topic === about) }
  }
  if (values.cache !== undefined && values['no-cache'] === true) {
    throw badCall('--cache and --no-cache contradict each other. Give one of them.')
  }
  const options: CallOptions = {
    debug: values.debug ?? false,
    cache: values.cache,
    noCache: values['no-cache'] ?? false,
    refresh: values.refresh ?? false,
    json: values.json ?? false,
    config: values.config,
    url: values.url,
    port: portOf(values.port),
    raindex: {
      logs: values.logs,
      at: values.at,
      orderbook: values.orderbook,
      v6: values.v6 ?? false,
      decimals: values.decimals ?? [],
      script: values.script,
      contracts: values.contracts,
      chain: values.chain,
      counterparty: values.counterparty,
      max: values.max,
      min: values.min,
      ratio: values.ratio,
      byOutput: values['by-output'] ?? false,
      rpc: values.rpc ?? [],
      settings: values.settings,
      sha256: values.sha256,
      import: values.import,
      db: values.db,
      from: values.from,
      to: values.to,
      step: values.step,
      csv: values.csv,
      svg: values.svg,
      host: values.host,
      postgres: values.postgres,
      shared: values.shared,
      signed: values.signed,
      workers: values.workers,
    },
  }
  if (command === 'demo' && rest.length === 0) return { kind: 'demo', options }
  if (command === 'torii') return { kind: 'torii', words: rest, options }
  if (command === 'raindex') return { kind: 'raindex', words: rest, options }
  if (command === 'db') {
    const [entity, ...commands] = rest
    return { kind: 'db', entity, commands, options }
  }
  const odd = command === 'demo' ? rest.join(' ') : command
  throw badCall(`There is no command ${JSON.stringify(odd)}. See freshet --help.`)
}

/** What `parseArgs` of node:util is told of the options. */
export const knownOptions = {
  debug: { type: 'boolean' },
  cache: { type: 'string' },
  'no-cache': { type: 'boolean' },
  refresh: { type: 'boolean' },
  json: { type: 'boolean' },
  config: { type: 'string' },
  url: { type: 'string' },
  port: { type: 'string' },
  logs: { type: 'string' },
  at: { type: 'string' },
  orderbook: { type: 'string' },
  v6: { type: 'boolean' },
  decimals: { type: 'string', multiple: true },
  script: { type: 'string' },
  contracts: { type: 'string' },
  chain: { type: 'string' },
  counterparty: { type: 'string' },
  max: { type: 'string' },
  min: { type: 'string' },
  ratio: { type: 'string' },
  'by-output': { type: 'boolean' },
  rpc: { type: 'string', multiple: true },
  settings: { type: 'string' },
  sha256: { type: 'string' },
  import: { type: 'string' },
  db: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  step: { type: 'string' },
  csv: { type: 'string' },
  svg: { type: 'string' },
  host: { type: 'string' },
  postgres: { type: 'string' },
  shared: { type: 'string' },
  signed: { type: 'string' },
  workers: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: withCsvFile(args),
      allowPositionals: true,
      options: knownOptions,
    })
  } catch (error) {
    // The first sentence says what; the rest is about positional arguments.
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/)
    const [, option] = /^Option '([^']+)' argument is ambiguous/.exec(message) ?? []
    const what = option === undefined ? message : `${option} lacks its value: another option comes behind it`
    throw badCall(`${what.replace(/\.?$/, '.')} See freshet --help.`)
  }
}

/** `--csv` prints and `--csv FILE` writes: what comes behind it and is no option, order or number is a file. */
function withCsvFile(args: readonly string[]): string[] {
  const at = args.indexOf('--csv')
  if (at < 0) return [...args]
  const next = args[at + 1]
  const isFile = next !== undefined && !/^(-.*|0x[0-9a-f]*|\d+)$/i.test(next)
  return isFile ? args.toSpliced(at, 2, `--csv=${next}`) : args.toSpliced(at, 1, '--csv=')
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw badCall(`--port takes a number from 0 to 65535, not ${JSON.stringify(text)}.`)
}

export function badCall(message: string): FreshetError {
  return new FreshetError({ code: 'cli/bad-call', kind: 'usage', message })
}
