import { readRpcLog, type Address, type Bytes32, type ChainLog } from '../../engine/index.ts'
import { RaindexClientError } from '../client-error.ts'
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
 * @returns ascending by block and index, each once.
 * @throws {RpcFault} `bad-answer`: a log is misshapen, of another address, topic or range, or contradicts another.
 * @throws {RaindexClientError} `ChainMoved`: logs of one block name two hashes; ask again.
 */
export function readLogs(answer: unknown, filter: LogFilter, range: BlockRange): ChainLog[] {
  if (!Array.isArray(answer) || answer.length > mostLogs) throw badAnswer('logs that are no list')
  const logs = answer.map((entry: unknown) => readLog(entry, filter, range))
  logs.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex)
  return withoutRepeats(logs)
}

function readLog(entry: unknown, { addresses, topics }: LogFilter, { from, to }: BlockRange): ChainLog {
  const log = readRpcLog(entry)
  const [topic] = log.topics
  const place = `log ${log.logIndex} of block ${log.blockNumber}`
  if (log.blockNumber < from || log.blockNumber > to) throw badAnswer(`${place}, outside of ${from} to ${to}`)
  if (!addresses.has(log.address)) throw badAnswer(`${place}, of ${log.address}, which was not asked for`)
  if (topic === undefined || !topics.has(topic)) throw badAnswer(`${place}, of another topic than asked for`)
  return log
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
