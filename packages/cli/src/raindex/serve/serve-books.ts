import { createWasmEvm } from '@freshet/evm'
import { chainRaindex, openChainRaindex, quoteBeside, type RpcPool } from '@freshet/raindex/client'
import { createEvmInterpreter } from '@freshet/raindex/engine'
import { badCall } from '../../parse-call.ts'
import { findBooks, openDatabase, openPool, type OpenBook } from '../chain/open-book.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { readCount } from '../read-option.ts'
import { openBookServer } from './book-server.ts'
import type { ServedBook } from './served-book.ts'

/** Keeps order books live and answers over HTTP until it is interrupted. */
export async function serveBooks(call: RaindexCall): Promise<number> {
  const { options, io, words } = call
  if (words.length > 0)
    throw badCall('raindex serve takes options only, such as --rpc URL --db FILE --port N.')
  const fromBlock = readCount('--from', 'a block number', options.raindex.from)
  const pool = await openPool(call)
  const database = await openDatabase(call)
  const opened: (ServedBook & { close(): Promise<void> })[] = []
  try {
    for (const book of await findBooks(call, database, pool)) {
      opened.push(await openServed(book, pool, call, fromBlock))
    }
    const { host } = options.raindex
    const token = io.env['FRESHET_TOKEN']
    const server = await openBookServer({ books: opened, clock: io.clock, host, port: options.port, token })
    io.out(`Serving ${opened.length} order ${opened.length === 1 ? 'book' : 'books'} at ${server.url}`)
    io.out(`  ${server.url}/books  /healthz  /metrics  /events`)
    io.err('Ctrl-C ends.')
    const signal = io.interrupted()
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await server.close()
    return 0
  } finally {
    for (const book of opened) await book.close()
    await database.close()
  }
}

async function openServed(
  { database, chainId, orderbook }: OpenBook,
  pool: RpcPool,
  { io }: RaindexCall,
  fromBlock: number | undefined,
): Promise<ServedBook & { close(): Promise<void> }> {
  const engine = await createWasmEvm()
  const { address } = orderbook
  const raindex = await openChainRaindex({
    ...{ chainId, orderbook, pool, database, fromBlock, clock: io.clock },
    interpreter: (cache) =>
      createEvmInterpreter({ engine, cache, chainId: BigInt(chainId), orderbook: address }),
    onNotice(notice) {
      if (notice.kind === 'reorg' || notice.kind === 'deep-reorg')
        io.err(
          `${address}: the chain was reorganised, ${notice.depth} blocks back to ${notice.ancestorBlock}.`,
        )
    },
  })
  const quotes = raindex.live.openQuotes()
  const sides = chainRaindex(raindex, { pool, orderbook: address })
  return {
    ...{ chainId, orderbook: address, raindex, quotes },
    beside: (pair, signal) => quoteBeside(sides, pair, signal),
    async close() {
      quotes.close()
      await raindex.close()
    },
  }
}
