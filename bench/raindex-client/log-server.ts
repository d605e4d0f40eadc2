import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bookLogs, logsABlock } from './book-logs.ts'

/**
 * A node of JSON-RPC in a process of its own, which has one log in each block. A page that is asked for again is sent
 * as it was written the first time: what is measured is what clients do.
 *
 * It belongs to the chain whose number is the path of its address.
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
  const chainId = Number(request.url?.slice(1))
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    // Asked by the benchmark only.
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Call | Call[]
    const answers = [body].flat().map((call) => answer(chainId, call))
    const sent = Array.isArray(body) ? ['[', ...answers.flatMap(withComma), ']'] : answers.flat()
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': sizeOf(sent) })
    response.cork()
    for (const part of sent) response.write(part)
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => {
  // Listens on a port, so its address is one.
  process.send?.((server.address() as AddressInfo).port)
})

type Text = readonly (string | Buffer)[]

function answer(chainId: number, { id, method, params }: Call): Text {
  return [`{"jsonrpc":"2.0","id":${id},"result":`, resultOf(chainId, method, params), '}']
}

function withComma(text: Text, at: number): Text {
  return at === 0 ? text : [',', ...text]
}

function sizeOf(text: Text): number {
  return text.reduce((size, part) => size + part.length, 0)
}

function resultOf(chainId: number, method: string, [first]: Call['params']): string | Buffer {
  switch (method) {
    case 'eth_chainId':
      return `"0x${chainId.toString(16)}"`
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

const written = new Map<string, Buffer>()

function logsOf({ fromBlock, toBlock, address }: Filter): Buffer {
  const name = [fromBlock, toBlock, ...address].join()
  const known = written.get(name)
  if (known !== undefined) return known
  const asked = new Set<unknown>(address)
  const range = logs.slice(Math.max(0, Number(fromBlock) - 1) * logsABlock, Number(toBlock) * logsABlock)
  const page = Buffer.from(
    `[${range.flatMap((log) => (asked.has(log.address) ? [log.text] : [])).join(',')}]`,
  )
  written.set(name, page)
  return page
}

function header(number: number): string {
  const [hash, parentHash] = [hashOf(number), hashOf(number - 1)]
  return JSON.stringify({ number: `0x${number.toString(16)}`, hash, parentHash, timestamp: '0x65920080' })
}
