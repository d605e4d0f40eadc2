import { createIntake, createReplica, FreshetError, type Replica } from '@freshet/core'
import {
  createRaindexProjection,
  decodeLog,
  raindexTables,
  RaindexError,
  replayLogs,
  type Address,
  type ChainLog,
  type Mutation,
  type Orderbook,
} from '@freshet/raindex/engine'
import { setImmediate } from 'node:timers/promises'
import { badCall, type RaindexOptions } from '../parse-call.ts'
import type { Report } from '../progress.ts'
import { readAddress } from './read-option.ts'
import { tokenDecimals } from './token-decimals.ts'

/** Logs replayed before others get a turn, so that progress can be shown. */
const logsPerTurn = 1_000

/** An order book as its logs make it. */
export type ReplayedBook = {
  readonly orderbook: Orderbook
  readonly replica: Replica<Mutation>
  /** The last block that is in the state. */
  readonly blockNumber: number
  /** How often each event came, by name. */
  readonly counts: Readonly<Record<string, number>>
}

/**
 * Replays logs up to a block.
 *
 * @param at - The last block; all unless told.
 * @param report - Told how many logs are replayed.
 * @throws {FreshetError} `cli/bad-call`, and `raindex/*` as `replayLogs` does.
 */
export async function replayBook(
  logs: readonly ChainLog[],
  at: number | undefined,
  options: RaindexOptions,
  report: Report = () => {},
): Promise<ReplayedBook> {
  const orderbook: Orderbook = {
    address: orderbookOf(logs, options.orderbook),
    version: options.v6 ? 'v6' : 'v5',
  }
  const decimals = tokenDecimals(logs, orderbook.address, options.decimals)
  // Whatever else is in the file was asked for as a store; what is none is counted as unknown.
  const stores = new Set(logs.map(({ address }) => address))
  const projection = createRaindexProjection(orderbook.version)
  const intake = createIntake({ projection, isReady: () => true })
  const replica = createReplica({ name: 'book', tables: raindexTables, intake })
  // The first block brings the tokens along: quotes ask the state for them.
  const tokens: Mutation[] = [
    {
      kind: 'setTokenDecimals',
      tokens: Array.from(decimals, ([token, count]) => ({ token, decimals: count })),
    },
  ]
  const counts: Record<string, number> = {}
  let done = 0
  const known = at === undefined ? logs : logs.filter(({ blockNumber }) => blockNumber <= at)
  for (const part of partsOf(known)) {
    const replay = naming(() =>
      replayLogs(part, orderbook, { decimalsOf: (token) => decimals.get(token), stores }),
    )
    for (const { blockNumber, blockHash, mutations } of replay.blocks) {
      const facts = [...tokens.splice(0), ...mutations]
      replica.apply({ kind: 'log', after: replica.position, upTo: blockNumber, mark: blockHash, facts })
    }
    for (const [event, count] of Object.entries(replay.counts)) counts[event] = (counts[event] ?? 0) + count
    done += part.length
    report(done, known.length)
    await setImmediate()
  }
  return { orderbook, replica, blockNumber: at ?? known.at(-1)?.blockNumber ?? 0, counts }
}

/** Splits only where the block number rises, so that a log out of order stays beside its neighbour and is found. */
function* partsOf(logs: readonly ChainLog[]): Iterable<readonly ChainLog[]> {
  let start = 0
  for (const [at, { blockNumber }] of logs.entries()) {
    if (at - start < logsPerTurn || blockNumber <= (logs[at - 1]?.blockNumber ?? blockNumber)) continue
    yield logs.slice(start, at)
    start = at
  }
  yield logs.slice(start)
}

function orderbookOf(logs: readonly ChainLog[], given: string | undefined): Address {
  const chosen = readAddress('--orderbook', given)
  if (chosen !== undefined) return chosen
  const found = new Set(logs.filter(isOrderbookLog).map(({ address }) => address))
  const [address] = found
  if (address === undefined) throw badCall('None of the logs is of an order book. Ask for the logs of one.')
  if (found.size === 1) return address
  throw badCall(
    `The logs are of ${found.size} order books. Choose with --orderbook: ${[...found].slice(0, 5).join(', ')}.`,
  )
}

function isOrderbookLog(log: ChainLog): boolean {
  try {
    return decodeLog(log, log.address).kind !== 'unknown'
  } catch (error) {
    // An event that only an order book has, though it is damaged or of V4: the replay says so.
    if (error instanceof RaindexError) return true
    throw error
  }
}

/** An error of the replay, with what this command can do about it. */
function naming<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RaindexError) || error.errorName !== 'TokenDecimalMissing') throw error
    const token = String(error.details['token'])
    const message = `The decimals of the token ${token} are not known: no withdrawal shows them. Give --decimals ${token}=N.`
    throw new FreshetError({ code: error.code, kind: error.kind, message, cause: error })
  }
}
