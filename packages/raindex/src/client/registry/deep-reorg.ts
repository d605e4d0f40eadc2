import { FreshetError } from '@freshet/core'
import type { SnapshotBundle } from '../../engine/index.ts'

/**
 * Says that a state is being built again behind a fork that could not be undone.
 *
 * @param ancestorBlock - The newest block that the chains have in common.
 * @param from - What the state is built from; undefined: from the first event.
 */
export function deepReorg(ancestorBlock: number, from: SnapshotBundle | undefined): FreshetError {
  const start = from === undefined ? 'the first event' : `the snapshot of block ${from.env.blockNumber}`
  const message = `The chain was reorganised back to block ${ancestorBlock}, further than could be undone. The state is built again from ${start}, up to the chain's head; nothing needs to be done.`
  return new FreshetError({ code: 'raindex/deep-reorg', kind: 'remote', retryable: true, message })
}
