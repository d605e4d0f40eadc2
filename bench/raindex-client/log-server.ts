import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bookLogs, logsABlock } from './book-logs.ts'

/**
 * A node of JSON-RPC in a process of its own, which has one log in each block written out beforehand: what is measured
 * is what its clients do.
 */
const blocks = Number(process.argv[2])
const logs = bookLogs(blocks).map((log) => ({ address: log['address'], text: JSON.stringify(log) }))
const hashOf = (block: number): string => `0x${block.toString(16).padStart(64, '0')}`

type Call = {
  readonly id: number
  readonly method: string
  readonly params: readonly [unknown, ...unknown[]]
}

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    // Asked by the benchmark only.
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Call | Call[]
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(Array.isArray(body) ? `[${body.map(answer).join(',')}]` : answer(body))
  })
})
server.listen(0, '127.0.0.1', () => {
  // Listens on a port, so its address is one.
  process.send?.((server.address() as AddressInfo).port)
})

function answer({ id, method, params }: Call): string {
  return `{"jsonrpc":"2.0","id":${id},"result":${resultOf(method, params)}}`
}

function resultOf(method: string, [first]: Call['params']): string {
  switch (method) {
    case 'eth_chainId':
      return '"0x1"'
    case 'eth_blockNumber':
      return `"0x${blocks.toString(16)}"`
    case 'eth_getCode':
      return '"0x60806040"'
    case 'eth_call':
      return `"0x${'12'.padStart(64, '0')}"`
    case 'eth_getBlockByNumber':
      return header(first === 'latest' ? blocks : Number(first))
    case 'eth_getLogs': {
      return logsOf(first as Filter)
    }
    default:
      return 'null'
  }
}

type Filter = { readonly fromBlock: string; readonly toBlock: string; readonly address: readonly string[] }

function logsOf({ fromBlock, toBlock, address }: Filter): string {
  const asked = new Set<unknown>(address)
  const range = logs.slice(Math.max(0, Number(fromBlock) - 1) * logsABlock, Number(toBlock) * logsABlock)
  return `[${range.flatMap((log) => (asked.has(log.address) ? [log.text] : [])).join(',')}]`
}

function header(number: number): string {
  const [hash, parentHash] = [hashOf(number), hashOf(number - 1)]
  return JSON.stringify({ number: `0x${number.toString(16)}`, hash, parentHash, timestamp: '0x65920080' })
}
