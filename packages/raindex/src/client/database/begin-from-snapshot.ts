import { readSnapshot, type Address, type SnapshotBundle } from '../../engine/index.ts'
import { toHex } from '../../engine/hex.ts'
import { snapshotChecksum } from '../../engine/snapshot.ts'
import { RaindexClientError } from '../client-error.ts'
import type { BlockId, Token } from '../chain/ledger.ts'
import type { LocalBook } from './local-database.ts'
import type { LocalDbCursor } from './local-db-sync-engine.ts'

/**
 * Begins an empty book from a snapshot: what came before its block is not read from a node any more.
 *
 * Events before that block are not in the database; to replay older days they are filled in, see `backfillBook`. All
 * of it is written in one transaction. A sync checks with the chain whether the block is still of it.
 *
 * @param json - The bundle or its text, such as `fetchVerified` has brought.
 * @param block - The block after which it was taken. Default what its cursor says.
 * @throws {RaindexClientError} `BadDump`: the book is not empty, or nobody says which block it is.
 * @throws {RaindexError} `SnapshotRefused`: it is damaged, or of another order book or chain.
 */
export async function beginFromSnapshot(book: LocalBook, json: unknown, block?: BlockId): Promise<BlockId> {
  if ((await book.tip()) !== undefined) throw badDump('The book is not empty. Begin a new one.')
  const { chainId, orderbook } = book.id
  const { bundle } = readSnapshot(json, { chainId, orderbook: orderbook.address })
  const at = block ?? blockOf(bundle)
  if (at === undefined)
    throw badDump('The snapshot does not say after which block it was taken. Give the block.')
  const { number, hash } = at
  const { timestamp } = bundle.env
  // Nothing is known of the block before; the chain is asked for this one.
  const header = { number, hash, parentHash: hash, timestamp, logsBloom: undefined }
  const stores = new Set<Address>([
    ...bundle.orders.map(({ order }) => order.evaluable.store),
    ...bundle.store.map(({ store }) => store),
  ])
  const newTokens = bundle.tokenDecimals.map(({ token, decimals }): Token => {
    return { address: token, decimals, name: '', symbol: '' }
  })
  const newStores = new Map([...stores].map((store) => [store, number]))
  const { last: rewinds } = await book.rewindsSince(0)
  const cursor: LocalDbCursor = { block: number, hash, rewinds }
  const own = { ...bundle, cursor: JSON.stringify(cursor) }
  const checksum = snapshotChecksum(own)
  const text = JSON.stringify({ ...own, checksum })
  const window = { from: 0, to: number, header, headers: [header], logs: [] }
  await book.beginAt(
    { ...window, newStores, newTokens, finalizedTo: 0 },
    { block: at, timestamp, checksum, bundle: text },
  )
  return at
}

function blockOf({ cursor }: SnapshotBundle): BlockId | undefined {
  if (cursor === null) return undefined
  try {
    const { block, hash } = JSON.parse(cursor) as { readonly block?: unknown; readonly hash?: unknown }
    const known = typeof hash === 'string' ? toHex(hash, 32) : undefined
    return typeof block === 'number' && known !== undefined ? { number: block, hash: known } : undefined
  } catch {
    // Of an engine that counts otherwise.
    return undefined
  }
}

function badDump(message: string): RaindexClientError {
  return new RaindexClientError('BadDump', { message })
}
