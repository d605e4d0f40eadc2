import { RaindexClientError } from '../client-error.ts'
import { fetchBytes, fetchVerified, type VerifiedDownload } from '../fetch-verified.ts'
import {
  badDump,
  importPublicDatabase,
  type ImportOptions,
  type ImportResult,
} from './import-public-database.ts'
import type { LocalBook } from './local-database.ts'
import { openDump } from './open-dump.ts'
import { readDumpManifest, type ListedDump } from './read-dump-manifest.ts'

export type BeginFromManifestOptions = ImportOptions &
  Pick<VerifiedDownload, 'fetch' | 'maxBytes'> & {
    readonly book: LocalBook
    /** Address of the manifest: a settings file's `local-db-remote`. */
    readonly url: string
    /** Checksum of the dump, from elsewhere. Default what the manifest says. */
    readonly sha256?: string | undefined
    /**
     * Whether to take a dump for which nobody gives a checksum, as those of the public tool are. Default false. Who may
     * write to where it lies can then invent deposits.
     */
    readonly withoutChecksum?: boolean | undefined
  }

/** What came of it. */
export type BegunFromManifest =
  /** The book is not empty: what it has is worth more. */
  | { readonly kind: 'not-needed' }
  /** The manifest has no dump of it. */
  | { readonly kind: 'not-listed' }
  | ({ readonly kind: 'imported'; readonly endBlock: number } & ImportResult)

/**
 * Begins an empty book from the dump that a manifest lists for it: a sync goes on behind the dump's last block, once
 * the chain has confirmed that block's hash.
 *
 * @throws {RaindexClientError} `NodeUnreachable`: manifest or dump did not come, retryable. `ChecksumMismatch`: the
 * dump is not what its checksum says, or there is none. `BadDump`: it cannot be read, or goes beyond the block that
 * the manifest names. The book is then empty still.
 * @throws {SettingsError} the manifest is wrong, with each line.
 */
export async function beginFromManifest(options: BeginFromManifestOptions): Promise<BegunFromManifest> {
  const { book, url } = options
  if ((await book.tip()) !== undefined) return { kind: 'not-needed' }
  const { chainId, orderbook } = book.id
  const manifest = await fetchBytes({ ...options, maxBytes: mostManifestBytes })
  const listed = readDumpManifest(new TextDecoder().decode(manifest), url)
  const dump = listed.find((entry) => entry.chainId === chainId && entry.address === orderbook.address)
  if (dump === undefined) return { kind: 'not-listed' }
  const source = openDump(await download(dump, options))
  try {
    const result = await importPublicDatabase(source, book, options)
    await goOnBehind(book, dump, result)
    return { kind: 'imported', endBlock: dump.endBlock.number, ...result }
  } catch (error) {
    // What is wrong further on leaves nothing behind.
    await book.rewind(-1)
    throw error
  } finally {
    source.close()
  }
}

const mostManifestBytes = 2 ** 20

async function download(dump: ListedDump, options: BeginFromManifestOptions): Promise<Uint8Array> {
  const { fetch, maxBytes, signal, withoutChecksum = false } = options
  const request = { url: dump.url, fetch, maxBytes, signal }
  const sha256 = options.sha256 ?? dump.sha256
  if (sha256 !== undefined) return fetchVerified({ ...request, sha256 })
  if (withoutChecksum) return fetchBytes(request)
  const message = `Nobody gives a checksum for the dump ${dump.url}. Give it as sha256, or take the dump as it is with withoutChecksum.`
  throw new RaindexClientError('ChecksumMismatch', { message, details: { url: dump.url } })
}

/** The dump is complete to the end of its block, also where that has no events. */
async function goOnBehind(book: LocalBook, dump: ListedDump, { upToBlock }: ImportResult): Promise<void> {
  const { number, hash, timestamp } = dump.endBlock
  if (upToBlock !== undefined && upToBlock > number)
    throw badDump(
      `The dump ${dump.url} has events of block ${upToBlock}, beyond its last block ${number}. Get it again.`,
    )
  if (upToBlock === number) {
    const tip = await book.tip()
    if (tip?.hash !== hash)
      throw badDump(
        `The dump ${dump.url} has another block ${number} than its manifest says. Get both again.`,
      )
    return
  }
  // Nothing is known of the block before; the chain is asked for this one.
  const header = { number, hash, parentHash: hash, timestamp, logsBloom: undefined }
  const nothing = { headers: [], logs: [], newStores: new Map(), newTokens: [], finalizedTo: number }
  await book.commit({ from: (upToBlock ?? -1) + 1, to: number, header, ...nothing })
}
