import type { ChainNotice, RpcFaultNotice } from '@freshet/raindex/client'
import type { Status } from '@freshet/core'
import type { Io } from '../../io.ts'

const barCells = 8

/** Shows how far a sync is: blocks, how many a second, and how long it still takes. */
export function createSyncProgress(io: Io): {
  take(notice: ChainNotice): void
  /** Says what a node did, and when it is asked again; only in the bar. */
  fault(notice: RpcFaultNotice): void
  /** Says that no node answers, and what it was; without a bar once. */
  look(status: Pick<Status, 'state' | 'freshness'>): void
  end(): void
} {
  let startedAt = io.clock.now()
  let first: number | undefined
  let logs = 0
  let isWaiting = false
  return {
    look({ state, freshness: { lastError, nextAttemptAtUnixMs } }) {
      const waited = isWaiting
      isWaiting = state === 'retrying'
      if (!isWaiting) return
      const inMs = Math.max(0, (nextAttemptAtUnixMs ?? 0) - io.clock.now())
      const text = `${lastError?.message ?? 'The source has ended.'} Next attempt in ${Math.ceil(inMs / 1_000)} s.`
      if (io.progress !== undefined) io.progress(text)
      else if (!waited) io.err(text)
    },
    fault({ node, fault, waitMs }) {
      const next = waitMs === 0 ? 'Another one is asked.' : `Next attempt in ${Math.ceil(waitMs / 1_000)} s.`
      io.progress?.(`${next} ${node}: ${fault.message}`)
    },
    take(notice) {
      switch (notice.kind) {
        case 'window': {
          first ??= notice.fromBlock
          logs += notice.logs
          io.progress?.(line(notice.toBlock, notice.headBlock, first, logs, io.clock.now() - startedAt))
          return
        }
        case 'reorg':
        case 'deep-reorg':
          io.err(`The chain was reorganised: ${notice.depth} blocks back to ${notice.ancestorBlock}.`)
          return
        case 'no-decimals':
          io.err(`The token ${notice.token} does not tell its decimals: its vaults are left out.`)
          return
        case 'head':
          if (first !== undefined) return
          startedAt = io.clock.now()
          io.progress?.(`reading logs … up to block ${notice.headBlock}`)
          return
        case 'store':
        case 'missing-logs':
          return
        default:
          notice satisfies never
      }
    },
    end: () => io.progress?.(''),
  }
}

/** What tells most comes first: a narrow terminal shows as much as fits. */
function line(block: number, head: number, first: number, logs: number, elapsedMs: number): string {
  const share = head <= first ? 1 : Math.min(1, (block - first + 1) / (head - first + 1))
  const full = Math.round(share * barCells)
  const perSecond = ((block - first + 1) * 1_000) / Math.max(1, elapsedMs)
  const leftSeconds = Math.max(0, head - block) / Math.max(1, perSecond)
  const bar = '█'.repeat(full) + '░'.repeat(barCells - full)
  return `reading logs ${bar} ${Math.floor(share * 100)} %, block ${block} of ${head}, ${Math.round(perSecond)} blocks/s, ${Math.ceil(leftSeconds)} s left, ${logs} events`
}
