import type { Io } from '../io.ts'
import { badCall, type CallOptions } from '../parse-call.ts'
import { queryWorld } from './query-world.ts'
import { showStatus } from './show-status.ts'
import { syncWorld } from './sync-world.ts'
import { watchWorld } from './watch-world.ts'

/**
 * Runs `torii sync|query|watch|status URL …`.
 *
 * @throws {FreshetError} `cli/bad-call`, and `torii/*` as the client does.
 */
export async function runTorii(words: readonly string[], options: CallOptions, io: Io): Promise<number> {
  const [command, toriiUrl, ...rest] = words
  if (command === undefined || toriiUrl === undefined) throw badCall(usage)
  const call = { toriiUrl, words: rest, options, io }
  switch (command) {
    case 'status':
      return showStatus(call)
    case 'sync':
      return syncWorld(call)
    case 'query':
      return queryWorld(call)
    case 'watch':
      return watchWorld(call)
    default:
      throw badCall(usage)
  }
}

/** One call: the words behind the URL, and where to answer. */
export type ToriiCall = {
  readonly toriiUrl: string
  readonly words: readonly string[]
  readonly options: CallOptions
  readonly io: Io
}

const usage =
  'Say what to do with which Torii: freshet torii sync|query|watch|status URL [MODEL…]. See freshet --help.'
