import type { Io } from '../io.ts'
import { badCall, type CallOptions } from '../parse-call.ts'
import { quoteBook } from './chain/quote-book.ts'
import { replayOrder } from './chain/replay-order.ts'
import { syncBook } from './chain/sync-book.ts'
import { playLive } from './play-live.ts'
import { serveBooks } from './serve/serve-books.ts'
import { showFloat } from './show-float.ts'
import { showQuotes } from './show-quotes.ts'
import { showState } from './show-state.ts'
import { showTake } from './show-take.ts'

/**
 * Runs `raindex float|state|simulate|live|sync|quote|replay|serve …`.
 *
 * @throws {FreshetError} `cli/bad-call`, `cli/bad-file`, `cli/bad-log`, `float/*`, and `raindex/*` as the engine does.
 */
export async function runRaindex(words: readonly string[], options: CallOptions, io: Io): Promise<number> {
  const [command, ...rest] = words
  const call = { words: rest, options, io }
  switch (command) {
    case 'float':
      return showFloat(call)
    case 'state':
      return showState(call)
    case 'simulate':
      return simulate(call)
    case 'live':
      return playLive(call)
    case 'sync':
      return syncBook(call)
    case 'quote':
      return quoteBook(call)
    case 'replay':
      return replayOrder(call)
    case 'serve':
      return serveBooks(call)
    default:
      throw badCall(
        'Say what to do: freshet raindex float|state|simulate|live|sync|quote|replay|serve …. See freshet --help.',
      )
  }
}

async function simulate({ words: [what, ...words], options, io }: RaindexCall): Promise<number> {
  switch (what) {
    case 'quote':
      return showQuotes({ words, options, io })
    case 'take':
      return showTake({ words, options, io })
    default:
      throw badCall('Say what to simulate: freshet raindex simulate quote|take. See freshet --help.')
  }
}

/** One call: the words behind the command, and where to answer. */
export type RaindexCall = {
  readonly words: readonly string[]
  readonly options: CallOptions
  readonly io: Io
}
