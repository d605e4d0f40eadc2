import { createChainHeads, type ChainNotice } from '@freshet/raindex/client'
import { badCall } from '../../parse-call.ts'
import { findFollowedTargets } from '../chain/book-target.ts'
import { findBooks, openDatabase } from '../chain/open-book.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { openBookServer } from './book-server.ts'
import { openServedBook, type OpenServedBook } from './served-book.ts'

/** Keeps order books live and answers over HTTP until it is interrupted. */
export async function serveBooks(call: RaindexCall): Promise<number> {
  const { options, io, words } = call
  if (words.length > 0)
    throw badCall('raindex serve takes options only, such as --rpc URL --db FILE --port N.')
  const { clock } = io
  const targets = await findFollowedTargets(call)
  const database = await openDatabase(call)
  const opened: OpenServedBook[] = []
  try {
    for (const { chainId, orderbook, pool, fromBlock, pace } of await findBooks(call, database, targets)) {
      const { pollMs, ...windows } = pace
      const heads = createChainHeads({ pollMs, clock })
      const book = { chainId, orderbook, pool, database, fromBlock, heads, clock, ...windows }
      opened.push(await openServedBook({ ...book, onNotice: tellForks(orderbook.address, call) }))
    }
    const { host } = options.raindex
    const token = io.env['FRESHET_TOKEN']
    const server = await openBookServer({ books: opened, clock, host, port: options.port, token })
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

function tellForks(address: string, { io }: RaindexCall): (notice: ChainNotice) => void {
  return (notice) => {
    if (notice.kind !== 'reorg' && notice.kind !== 'deep-reorg') return
    const { depth, ancestorBlock } = notice
    io.err(`${address}: the chain was reorganised, ${depth} blocks back to ${ancestorBlock}.`)
  }
}
