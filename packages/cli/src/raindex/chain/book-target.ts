import {
  createRpcPool,
  readChainId,
  readRaindexSettings,
  type LocalDbSyncSettings,
  type RaindexSettings,
  type RpcFaultNotice,
  type RpcPool,
} from '@freshet/raindex/client'
import type { Address } from '@freshet/raindex/engine'
import { badCall } from '../../parse-call.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { readAddress, readCount } from '../read-option.ts'
import { readText } from '../read-text.ts'

/** Order books that a call means, on one chain. */
export type BookTarget = {
  /** Undefined: of any chain. */
  readonly chainId: number | undefined
  /** Undefined: all that the database has. */
  readonly address: Address | undefined
}

/** The same with nodes to ask, and how to ask them. */
export type FollowedTarget = BookTarget & {
  readonly pool: RpcPool
  /** A node that pushes new heads. */
  readonly socketUrl: string | undefined
  readonly chainId: number
  readonly fromBlock: number | undefined
  /** Where dumps of it are listed. */
  readonly dumps: string | undefined
  readonly pace: Pace
}

/** What a settings file says of how its nodes are to be asked. What it leaves open has defaults. */
type Pace = {
  readonly finalityDepth?: number | undefined
  readonly firstWindowBlocks?: number | undefined
  readonly windowsAhead?: number | undefined
  readonly pollMs?: number | undefined
}

/**
 * The order books that a call names: one of `--orderbook`, by its name where there is a settings file, or else all of
 * that file.
 *
 * @returns one at least.
 * @throws {FreshetError} `cli/bad-call`, `cli/bad-file`. {SettingsError} with every mistake and its line.
 */
export async function findTargets(call: RaindexCall): Promise<readonly BookTarget[]> {
  const { orderbook, chain } = call.options.raindex
  const chainId = readCount('--chain', 'the id of a chain', chain)
  const named = await readSettingsBooks(call)
  if (named === undefined) return [{ chainId, address: readAddress('--orderbook', orderbook) }]
  return named.map(({ address, network }) => ({ address, chainId: network.chainId }))
}

/**
 * The same, with the nodes of `--rpc`, or else of the settings file.
 *
 * @param onFault - Told of what nodes do wrong.
 * @throws as `findTargets`, and as `readChainId` does.
 */
export async function findFollowedTargets(
  call: RaindexCall,
  onFault?: (fault: RpcFaultNotice) => void,
): Promise<readonly FollowedTarget[]> {
  const { options, io } = call
  const fromBlock = readCount('--from', 'a block number', options.raindex.from)
  const books = await readSettingsBooks(call)
  if (books === undefined) {
    const address = readAddress('--orderbook', options.raindex.orderbook)
    const pool = await openNamedNodes(call, onFault)
    const socketUrl = socketOf(readRpcs(call))
    return [{ pool, socketUrl, chainId: pool.chainId, address, fromBlock, dumps: undefined, pace: {} }]
  }
  const rpcs = readRpcs(call)
  const pools = new Map<number, RpcPool>()
  return books.map(({ name, address, network, deploymentBlock, localDbSync, localDbRemote: dumps }) => {
    const { chainId } = network
    const all = rpcs.length > 0 ? rpcs : network.rpcs
    const given = all.filter(isHttp)
    if (given.length === 0)
      throw badCall(`The network of ${name} names no node over HTTP. Name one with --rpc URL.`)
    const pool =
      pools.get(chainId) ??
      createRpcPool({ chainId, rpcs: given, clock: io.clock, onFault, ...patienceOf(localDbSync) })
    pools.set(chainId, pool)
    const pace = paceOf(localDbSync)
    const socketUrl = socketOf(all)
    return { pool, socketUrl, chainId, address, fromBlock: fromBlock ?? deploymentBlock, dumps, pace }
  })
}

/** What a call means of the books of its settings file; undefined where it names none. */
async function readSettingsBooks(call: RaindexCall): Promise<readonly RaindexSettings[] | undefined> {
  const { settings, orderbook, chain } = call.options.raindex
  if (settings === undefined) return undefined
  const { raindexes } = readRaindexSettings(await readText(settings), settings)
  const chainId = readCount('--chain', 'the id of a chain', chain)
  const sought = orderbook?.toLowerCase()
  const meant = raindexes.filter(
    ({ name, address, network }) =>
      (orderbook === undefined || name === orderbook || address === sought) &&
      (chainId === undefined || network.chainId === chainId),
  )
  if (meant.length > 0) return meant
  const names = raindexes.map(({ name }) => name).join(', ') || 'none'
  const what = orderbook === undefined ? '' : ` ${JSON.stringify(orderbook.slice(0, 80))}`
  throw badCall(`${settings} has no order book${what}. It has: ${names}.`)
}

async function openNamedNodes(
  call: RaindexCall,
  onFault: ((fault: RpcFaultNotice) => void) | undefined,
): Promise<RpcPool> {
  const { options, io } = call
  const rpcs = readRpcs(call).filter(isHttp)
  if (rpcs.length === 0)
    throw badCall(
      'Name a node with --rpc URL, again for another that helps out, or a file that does with --settings FILE.',
    )
  const chainId =
    readCount('--chain', 'the id of a chain', options.raindex.chain) ??
    (await firstChainId(rpcs, io.interrupted()))
  return createRpcPool({ chainId, rpcs, clock: io.clock, onFault })
}

/** What the first node says that answers. @throws what the last one did. */
async function firstChainId(rpcs: readonly string[], signal: AbortSignal): Promise<number> {
  let fault: unknown
  for (const url of rpcs) {
    try {
      return await readChainId(url, { signal })
    } catch (error) {
      signal.throwIfAborted()
      fault = error
    }
  }
  throw fault
}

function readRpcs({ options }: RaindexCall): readonly string[] {
  const { rpc } = options.raindex
  for (const url of rpc) {
    if (!URL.canParse(url) || !/^(https?|wss?):$/.test(new URL(url).protocol))
      throw badCall(
        `--rpc takes an address such as https://host/key, not ${JSON.stringify(url.slice(0, 80))}.`,
      )
  }
  return rpc
}

function isHttp(url: string): boolean {
  return /^https?:/i.test(url)
}

/** New heads are pushed over a WebSocket; everything else is asked over HTTP. */
function socketOf(urls: readonly string[]): string | undefined {
  return urls.find((url) => !isHttp(url))
}

function patienceOf(sync: LocalDbSyncSettings | undefined) {
  if (sync === undefined) return {}
  const { retryAttempts: attempts, retryDelayMs, rateLimitDelayMs } = sync
  const backoff = { baseMs: retryDelayMs, capMs: Math.max(30_000, retryDelayMs), jitter: 0.2 }
  return { attempts, backoff, rateLimitDelayMs }
}

function paceOf(sync: LocalDbSyncSettings | undefined): Pace {
  if (sync === undefined) return {}
  const { finalityDepth, batchSize, maxConcurrentBatches, syncIntervalMs } = sync
  return {
    finalityDepth,
    // Where little comes windows grow from here, and where a node will not, they shrink.
    firstWindowBlocks: batchSize,
    windowsAhead: maxConcurrentBatches,
    pollMs: syncIntervalMs,
  }
}
