import { delay, type Clock } from '@freshet/core'
import type { Run } from './postgres-connection.ts'

/** Longer than a commit may be under way, unless the server waits for a standby, which might be us. */
const maxWaitMs = 5_000

/**
 * Waits until a transaction that the log has told of is seen by reads.
 *
 * The log tells of a commit a moment before other connections see it: who reads at once because of
 * the change would be answered as if it had not happened, and would hold that for the newest.
 */
export function createCommitWatch(
  run: Run,
  clock: Clock,
  signal: AbortSignal,
): { untilVisible(xid: number): Promise<void> } {
  let known: Snapshot | undefined
  return {
    async untilVisible(xid) {
      if (known !== undefined && sees(known, xid)) return
      const until = clock.now() + maxWaitMs
      for (;;) {
        const [row] = await run({ text: 'SELECT pg_current_snapshot()::text', values: [] })
        known = readSnapshot(String(row?.[0]))
        if (sees(known, xid) || clock.now() >= until || signal.aborted) return
        await delay(clock, 1, signal)
      }
    },
  }
}

/** Which transactions are over: all before `xmin`, none from `xmax` on, and those between that are not `running`. */
type Snapshot = { readonly xmin: bigint; readonly xmax: bigint; readonly running: ReadonlySet<bigint> }

function readSnapshot(text: string): Snapshot {
  const [xmin = '', xmax = '', running = ''] = text.split(':')
  const ids = running === '' ? [] : running.split(',')
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), running: new Set(ids.map(BigInt)) }
}

function sees({ xmin, xmax, running }: Snapshot, xid: number): boolean {
  // The log has the lower half of the number: the one nearest to those of now is meant.
  const full = xmax + BigInt.asIntN(32, BigInt(xid) - xmax)
  return full < xmin || (full < xmax && !running.has(full))
}
