import { FreshetError } from '@freshet/core'
import type { SnapshotBundle } from '../../engine/index.ts'

/**
 * Says that a state is being built again because it had to go back further than could be undone.
 *
 * @param block - The newest block that counts of what it was.
 * @param cause - Whether the chain was reorganised, or the database has come to know words of stores from then on.
 * @param from - What the state is built from; undefined: from the first event.
 */
export function stateRebuilt(
  block: number,
  cause: 'fork' | 'words',
  from: SnapshotBundle | undefined,
): FreshetError {
  const what =
    cause === 'fork'
      ? `The chain was reorganised back to block ${block}`
      : `The database has more words of stores, from behind block ${block}`
  const start = from === undefined ? 'the first event' : `the snapshot of block ${from.env.blockNumber}`
  const message = `${what}, further than could be undone. The state is built again from ${start}, up to the chain's head; nothing needs to be done.`
  const code = cause === 'fork' ? 'raindex/deep-reorg' : 'raindex/more-words'
  return new FreshetError({ code, kind: 'remote', retryable: true, message })
}
