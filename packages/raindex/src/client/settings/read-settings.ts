import type { Node } from 'yaml'
import type {
  LocalDbSyncSettings,
  NetworkSettings,
  RaindexClientSettings,
  RaindexSettings,
} from './settings.ts'
import { SettingsError } from './settings-error.ts'
import { createSettingsReader, type SettingsReader } from './settings-reader.ts'

/** The newest version of the public format that is known. */
const newestVersion = 6

/** Sections that are read here, by their names from version 5 on and before. */
const readSections = [
  'version',
  'networks',
  'subgraphs',
  'raindexes',
  'orderbooks',
  'using-tokens-from',
  'local-db-remotes',
  'local-db-sync',
]

/** Sections of the public format about other things; they may say what they like. */
const otherSections = [
  'accounts',
  'charts',
  'deployers',
  'deployments',
  'gui',
  'metaboards',
  'orders',
  'raindex-version',
  'rainlangs',
  'scenarios',
  'sentry',
  'tokens',
  'using-networks-from',
]

/**
 * Reads a public settings file as it is: networks, order books, how their local databases are synced.
 *
 * @param text - YAML. Every value is taken as the text it is written as, as the public tools do.
 * @param file - Its name, for messages.
 * @throws {SettingsError} `settings/bad-settings`, with every mistake and its line: names that are not known,
 * values that are missing or wrong, references to what is not there.
 * @see https://github.com/rainlanguage/rain.strategies, settings.yaml
 */
export function readRaindexSettings(text: string, file = 'settings.yaml'): RaindexClientSettings {
  const reader = createSettingsReader(text)
  const settings = readRoot(reader)
  if (reader.mistakes.length === 0 && settings !== undefined) return settings
  throw new SettingsError(
    file,
    reader.mistakes.toSorted((a, b) => a.line - b.line),
  )
}

function readRoot(reader: SettingsReader): RaindexClientSettings | undefined {
  // What is no YAML is said once.
  if (reader.mistakes.length > 0) return undefined
  if (reader.root === undefined) return reader.mistake(undefined, 'The file is empty. Give it networks.')
  const sections = reader.fields(reader.root, 'the file', [...readSections, ...otherSections])
  const version = readVersion(reader, sections.get('version'))
  const urls = (section: string): ReadonlyMap<string, string> =>
    readUrls(reader, section, sections.get(section))
  const networks = readNetworks(reader, sections.get('networks'))
  if (!sections.has('networks'))
    reader.mistake(reader.root, 'The section networks is missing. Add at least one network.')
  const context: RaindexContext = {
    networks: new Map(networks.map((network) => [network.name, network])),
    subgraphs: urls('subgraphs'),
    remotes: urls('local-db-remotes'),
    syncs: readSyncs(reader, sections.get('local-db-sync'), version, networks),
  }
  const raindexes = ['orderbooks', 'raindexes'].flatMap((section) =>
    reader
      .entries(sections.get(section), section)
      .flatMap(({ name, value }) => readRaindex(reader, name, value, section, context) ?? []),
  )
  const usingTokensFrom = reader
    .list(sections.get('using-tokens-from'), 'using-tokens-from')
    .flatMap((node) => reader.url(node, 'A token list', webProtocols) ?? [])
  return { version, networks, raindexes, usingTokensFrom }
}

const webProtocols = ['https:', 'http:']
const nodeProtocols = [...webProtocols, 'wss:', 'ws:']

/** A file that does not say is taken as one of the newest version. */
function readVersion(reader: SettingsReader, node: Node | undefined): number {
  const version = node === undefined ? newestVersion : reader.wholeNumber(node, 'version', 1)
  if (version !== undefined && version > newestVersion) {
    reader.mistake(
      node,
      `Version ${version} is not known; the newest is ${newestVersion}. Update this program.`,
    )
  }
  return version ?? newestVersion
}

function readUrls(
  reader: SettingsReader,
  section: string,
  node: Node | undefined,
): ReadonlyMap<string, string> {
  return new Map(
    // A wrong one keeps its name, so that who refers to it is not said to be wrong too.
    reader
      .entries(node, section)
      .map(({ name, value }) => [name, reader.url(value, `${section} ${name}`, webProtocols) ?? '']),
  )
}

function readNetworks(reader: SettingsReader, node: Node | undefined): readonly NetworkSettings[] {
  return reader.entries(node, 'networks').map(({ name, key, value }): NetworkSettings => {
    const what = `the network ${name}`
    const fields = reader.fields(value, what, ['rpcs', 'chain-id', 'label', 'network-id', 'currency'])
    const rpcs = reader
      .list(fields.get('rpcs'), `rpcs of ${what}`)
      .flatMap((rpc) => reader.url(rpc, `An RPC of ${what}`, nodeProtocols) ?? [])
    for (const field of ['rpcs', 'chain-id']) {
      if (!fields.has(field)) reader.mistake(key, `${field} is missing in ${what}.`)
    }
    return {
      name,
      // Without one nothing is returned, but who names the network is right to do so.
      chainId: reader.wholeNumber(fields.get('chain-id'), `chain-id of ${what}`, 1) ?? 0,
      rpcs,
      label: reader.text(fields.get('label'), `label of ${what}`),
      networkId: reader.wholeNumber(fields.get('network-id'), `network-id of ${what}`, 1),
      currency: reader.text(fields.get('currency'), `currency of ${what}`),
    }
  })
}

type RaindexContext = {
  readonly networks: ReadonlyMap<string, NetworkSettings>
  readonly subgraphs: ReadonlyMap<string, string>
  readonly remotes: ReadonlyMap<string, string>
  readonly syncs: ReadonlyMap<string, LocalDbSyncSettings>
}

const raindexFields = ['address', 'network', 'subgraph', 'label', 'deployment-block', 'local-db-remote']

function readRaindex(
  reader: SettingsReader,
  name: string,
  node: Node,
  section: string,
  context: RaindexContext,
): RaindexSettings | undefined {
  const what = `${name} of ${section}`
  const fields = reader.fields(node, what, raindexFields)
  for (const field of ['address', 'deployment-block']) {
    if (!fields.has(field)) reader.mistake(node, `${field} is missing in ${what}.`)
  }
  const address = reader.address(fields.get('address'), `address of ${what}`)
  const deploymentBlock = reader.wholeNumber(fields.get('deployment-block'), `deployment-block of ${what}`, 0)
  /** What a name refers to; the name of the entry itself where none is given. */
  const named = <T>(field: string, among: ReadonlyMap<string, T>, section: string): T | undefined => {
    const given = reader.text(fields.get(field), `${field} of ${what}`)
    const found = among.get(given ?? name)
    if (found === undefined && (given !== undefined || field === 'network')) {
      reader.mistake(
        fields.get(field) ?? node,
        `There is no ${given ?? name} in ${section}, which ${what} names. It has: ${[...among.keys()].join(', ') || 'nothing'}.`,
      )
    }
    return found
  }
  const network = named('network', context.networks, 'networks')
  const subgraph = named('subgraph', context.subgraphs, 'subgraphs')
  const localDbRemote = fields.has('local-db-remote')
    ? named('local-db-remote', context.remotes, 'local-db-remotes')
    : undefined
  if (address === undefined || deploymentBlock === undefined || network === undefined) return undefined
  return {
    name,
    address,
    network,
    deploymentBlock,
    label: reader.text(fields.get('label'), `label of ${what}`),
    subgraph,
    localDbRemote,
    localDbSync: context.syncs.get(network.name),
  }
}

/** The eight fields by their names in the file. All must be there and above zero. */
const syncFields = {
  batchSize: 'batch-size',
  maxConcurrentBatches: 'max-concurrent-batches',
  retryAttempts: 'retry-attempts',
  retryDelayMs: 'retry-delay-ms',
  rateLimitDelayMs: 'rate-limit-delay-ms',
  finalityDepth: 'finality-depth',
  bootstrapBlockThreshold: 'bootstrap-block-threshold',
  syncIntervalMs: 'sync-interval-ms',
} as const satisfies Record<keyof LocalDbSyncSettings, string>

/** Version 4 had no interval; what public files of version 6 say is taken for it. */
const intervalOfVersion4 = 5_000

function readSyncs(
  reader: SettingsReader,
  node: Node | undefined,
  version: number,
  networks: readonly NetworkSettings[],
): ReadonlyMap<string, LocalDbSyncSettings> {
  const syncs = new Map<string, LocalDbSyncSettings>()
  for (const { name, key, value } of reader.entries(node, 'local-db-sync')) {
    const what = `local-db-sync of ${name}`
    if (!networks.some((network) => network.name === name))
      reader.mistake(key, `There is no network ${name} for ${what}.`)
    const fields = reader.fields(value, what, Object.values(syncFields))
    const number = (field: keyof LocalDbSyncSettings): number => {
      const given = fields.get(syncFields[field])
      if (given === undefined && field === 'syncIntervalMs' && version <= 4) return intervalOfVersion4
      if (given === undefined) reader.mistake(key, `${syncFields[field]} is missing in ${what}.`)
      return reader.wholeNumber(given, `${syncFields[field]} of ${what}`, 1) ?? 0
    }
    syncs.set(name, {
      batchSize: number('batchSize'),
      maxConcurrentBatches: number('maxConcurrentBatches'),
      retryAttempts: number('retryAttempts'),
      retryDelayMs: number('retryDelayMs'),
      rateLimitDelayMs: number('rateLimitDelayMs'),
      finalityDepth: number('finalityDepth'),
      bootstrapBlockThreshold: number('bootstrapBlockThreshold'),
      syncIntervalMs: number('syncIntervalMs'),
    })
  }
  return syncs
}
