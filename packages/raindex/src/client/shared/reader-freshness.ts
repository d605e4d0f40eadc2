import { FreshetError, type Status } from '@freshet/core'
import type { LiveVirtualRaindex } from '../../live/index.ts'
import type { LocalDbCursor } from '../database/index.ts'
import type { ChainFreshness } from '../registry/open-chain-raindex.ts'
import type { SharedCursor, SharedPlace } from './shared-books.ts'

export type ReaderFreshnessParts = {
  readonly live: Pick<LiveVirtualRaindex<LocalDbCursor>, 'cursor' | 'state'>
  /** Of what was taken in. */
  readonly place: SharedPlace | undefined
  /** How far the writer was when it was last looked at. */
  readonly seen: SharedCursor | undefined
  /** Why that could not be looked at. */
  readonly fault: FreshetError | undefined
  /** How far this process is with the chain itself, while it gets ready to take over. */
  readonly rising: ChainFreshness | undefined
  readonly heartbeatMs: number
}

/** How fresh a state is that follows a writer: as fresh as the writer says, unless that is old or not all taken in. */
export function readerFreshness(parts: ReaderFreshnessParts): ChainFreshness {
  const { live, place, seen, fault, rising, heartbeatMs } = parts
  const isReading = seen !== undefined && (place?.seq !== seen.seq || place.term !== seen.term)
  const silence = seen === undefined || seen.silentMs <= 3 * heartbeatMs ? undefined : silent(seen.silentMs)
  const lastError = fault ?? (rising === undefined ? silence : rising.chain.freshness.lastError)
  return {
    block: live.cursor?.block,
    timestamp: live.cursor && live.state.env.timestamp,
    headBlock: rising?.headBlock ?? seen?.headBlock,
    headTimestamp: rising?.headTimestamp ?? seen?.headTimestamp,
    chain: {
      ...beginning,
      role: 'follower',
      state: stateOf(),
      freshness: { ...beginning.freshness, lastError },
    },
    isReading,
  }

  function stateOf(): Status['state'] {
    if (fault !== undefined) return 'retrying'
    if (rising !== undefined) return 'catching-up'
    if (seen === undefined) return 'bootstrapping'
    if (silence !== undefined) return 'retrying'
    return isReading && seen.state === 'live' ? 'catching-up' : seen.state
  }
}

/** Before anything is known. */
const beginning: Status = {
  state: 'bootstrapping',
  role: 'leader',
  pending: [],
  degraded: undefined,
  freshness: {
    freshAtUnixMs: undefined,
    staleSinceUnixMs: undefined,
    lastError: undefined,
    nextAttemptAtUnixMs: undefined,
  },
  progress: undefined,
}

function silent(silentMs: number): FreshetError {
  const message = `The process that reads the chain has said nothing for ${Math.round(silentMs / 1_000)} s. Another takes over when its session ends.`
  return new FreshetError({ code: 'raindex/shared-silent', kind: 'remote', retryable: true, message })
}
