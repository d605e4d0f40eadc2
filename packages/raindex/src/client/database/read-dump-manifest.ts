import type { Address, Bytes32 } from '../../engine/index.ts'
import { toHex } from '../../engine/hex.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { createSettingsReader, type SettingsReader } from '../settings/settings-reader.ts'

/** A dump of an order book's local database, as a manifest lists it. */
export type ListedDump = {
  readonly chainId: number
  /** In lower case. */
  readonly address: Address
  readonly url: string
  /** It holds everything up to this block. */
  readonly endBlock: { readonly number: number; readonly hash: Bytes32; readonly timestamp: number }
  /** Of the dump as it is downloaded. The public tool writes none. */
  readonly sha256: string | undefined
}

/** The version of the format that is known. */
const knownVersion = 1

/**
 * Reads a `manifest.yaml`, which lists dumps of local databases by network.
 *
 * What it says beyond that is passed over: its writers add to it.
 *
 * @param file - Its name or address, for messages.
 * @throws {SettingsError} `settings/bad-settings`, with every mistake and its line.
 */
export function readDumpManifest(text: string, file = 'manifest.yaml'): readonly ListedDump[] {
  const reader = createSettingsReader(text)
  const dumps = readRoot(reader)
  if (reader.mistakes.length === 0) return dumps
  throw new SettingsError(
    file,
    reader.mistakes.toSorted((a, b) => a.line - b.line),
  )
}

type Node = SettingsReader['root']

function readRoot(reader: SettingsReader): readonly ListedDump[] {
  // What is no YAML is said once.
  if (reader.mistakes.length > 0) return []
  const root = fieldsOf(reader, reader.root, 'the manifest')
  const version = required(reader, root, 'manifest-version', reader.root, 'the manifest')
  const number = reader.wholeNumber(version, 'manifest-version', 1)
  if (number !== undefined && number !== knownVersion) {
    reader.mistake(version, `Version ${number} is not known, only ${knownVersion}. Update this program.`)
    return []
  }
  return reader.entries(root.get('networks'), 'networks').flatMap(({ name, key, value }) => {
    const what = `the network ${name}`
    const network = fieldsOf(reader, value, what)
    const chainId = reader.wholeNumber(
      required(reader, network, 'chain-id', key, what),
      `chain-id of ${what}`,
      1,
    )
    // The second is what version 4 of the settings calls them.
    return ['raindexes', 'orderbooks'].flatMap((section) =>
      reader
        .list(network.get(section), `${section} of ${what}`)
        .flatMap((node) => readDump(reader, node, chainId, `${section} of ${what}`) ?? []),
    )
  })
}

function readDump(
  reader: SettingsReader,
  node: Node,
  chainId: number | undefined,
  where: string,
): ListedDump | undefined {
  const what = `a dump in ${where}`
  const fields = fieldsOf(reader, node, what)
  const field = (name: string): Node => required(reader, fields, name, node, what)
  const address = reader.address(field('address'), `address of ${what}`)
  const url = reader.url(field('dump-url'), `dump-url of ${what}`, ['https:', 'http:'])
  const number = reader.wholeNumber(field('end-block'), `end-block of ${what}`, 0)
  const timeMs = reader.wholeNumber(field('end-block-time-ms'), `end-block-time-ms of ${what}`, 0)
  const hash = hexOf(reader, field('end-block-hash'), `end-block-hash of ${what}`)
  const sha256 = hexOf(reader, fields.get('dump-sha256'), `dump-sha256 of ${what}`)
  if (address === undefined || url === undefined || chainId === undefined) return undefined
  if (number === undefined || timeMs === undefined || hash === undefined) return undefined
  return {
    chainId,
    address,
    url,
    endBlock: { number, hash, timestamp: Math.floor(timeMs / 1_000) },
    sha256: sha256?.slice(2),
  }
}

function fieldsOf(reader: SettingsReader, node: Node, what: string): ReadonlyMap<string, Node> {
  return new Map(reader.entries(node, what).map(({ name, value }) => [name, value]))
}

function required(
  reader: SettingsReader,
  fields: ReadonlyMap<string, Node>,
  name: string,
  at: Node,
  what: string,
): Node {
  const node = fields.get(name)
  if (node === undefined) reader.mistake(at, `${name} is missing in ${what}.`)
  return node
}

/** 32 bytes in hex, with or without the prefix. */
function hexOf(reader: SettingsReader, node: Node, what: string): Bytes32 | undefined {
  const text = reader.text(node, what)
  if (text === undefined) return undefined
  const hex = toHex(text.startsWith('0x') ? text : `0x${text}`, 32)
  return hex ?? reader.mistake(node, `${what} must be 64 hex digits.`)
}
