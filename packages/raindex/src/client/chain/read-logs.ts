import { readRpcLog, type Address, type Bytes32, type ChainLog } from '../../engine/index.ts'
import { RaindexClientError } from '../client-error.ts'
import { isLogPage, packLogs, startOf, unpackLogs, type LogPage } from './log-page.ts'
import { badAnswer } from './rpc-fault.ts'

/** What is asked of `eth_getLogs`. */
export type LogFilter = {
  readonly addresses: ReadonlySet<Address>
  /** First topics. */
  readonly topics: ReadonlySet<Bytes32>
}

/** Blocks, both ends included. */
export type BlockRange = { readonly from: number; readonly to: number }

/** More logs than any node gives in one answer. */
const mostLogs = 1_000_000

/**
 * Reads the answer to `eth_getLogs`: each log must be one that was asked for.
 *
 * @param answer - What JSON says, or a page that was read in place.
 * @returns ascending by block and index, each once.
 * @throws {RpcFault} `bad-answer`: a log is misshapen, of another address, topic or range, or contradicts another.
 * @throws {RaindexClientError} `ChainMoved`: logs of one block name two hashes; ask again.
 */
export function readLogs(answer: unknown, filter: LogFilter, range: BlockRange): LogPage {
  if (isLogPage(answer))
    return isAsAsked(answer, filter, range) ? answer : checked(unpackLogs(answer), filter, range)
  if (!Array.isArray(answer) || answer.length > mostLogs) throw badAnswer('logs that are no list')
  return checked(
    answer.map((entry: unknown) => readRpcLog(entry)),
    filter,
    range,
  )
}

/** Whether a page needs no further look: logs that were asked for, in their order, of one hash for each block. */
function isAsAsked(page: LogPage, { addresses, topics }: LogFilter, { from, to }: BlockRange): boolean {
  const { length, origins, blockNumbers, logIndexes } = page
  if (length > mostLogs) return false
  if (!origins.every(({ address, topics: [topic = '0x'] }) => addresses.has(address) && topics.has(topic)))
    return false
  let [lastBlock, lastIndex] = [from - 1, -1]
  for (let at = 0; at < length; at++) {
    const [block = -1, index = -1] = [blockNumbers[at], logIndexes[at]]
    if (block > to || block < lastBlock) return false
    if (block === lastBlock && (index <= lastIndex || !haveOneBlockHash(page, at - 1, at))) return false
    lastBlock = block
    lastIndex = index
  }
  return length === 0 || (blockNumbers[0] ?? -1) >= from
}

function haveOneBlockHash(page: LogPage, before: number, at: number): boolean {
  const [one, other] = [startOf(page, before) + 32, startOf(page, at) + 32]
  for (let i = 0; i < 32; i++) if (page.bytes[one + i] !== page.bytes[other + i]) return false
  return true
}

function checked(logs: ChainLog[], filter: LogFilter, range: BlockRange): LogPage {
  for (const log of logs) checkLog(log, filter, range)
  logs.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex)
  return packLogs(withoutRepeats(logs))
}

function checkLog(log: ChainLog, { addresses, topics }: LogFilter, { from, to }: BlockRange): void {
  const [topic] = log.topics
  const place = `log ${log.logIndex} of block ${log.blockNumber}`
  if (log.blockNumber < from || log.blockNumber > to) throw badAnswer(`${place}, outside of ${from} to ${to}`)
  if (!addresses.has(log.address)) throw badAnswer(`${place}, of ${log.address}, which was not asked for`)
  if (topic === undefined || !topics.has(topic)) throw badAnswer(`${place}, of another topic than asked for`)
}

function withoutRepeats(logs: readonly ChainLog[]): ChainLog[] {
  const kept: ChainLog[] = []
  let previous: ChainLog | undefined
  for (const log of logs) {
    if (previous?.blockNumber === log.blockNumber) {
      if (previous.blockHash !== log.blockHash) throw chainMoved(log.blockNumber)
      if (previous.logIndex === log.logIndex) {
        if (previous.data === log.data && previous.transactionHash === log.transactionHash) continue
        throw badAnswer(`two logs ${log.logIndex} in block ${log.blockNumber}`)
      }
    }
    kept.push(log)
    previous = log
  }
  return kept
}

/** Two answers do not belong to one chain: it was reorganised between them, or they came from two nodes. */
export function chainMoved(blockNumber: number): RaindexClientError {
  const message = `Block ${blockNumber} changed while it was read. It is read again.`
  return new RaindexClientError('ChainMoved', { message, details: { blockNumber }, retryable: true })
}
