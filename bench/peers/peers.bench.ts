import { benchRow, type BenchRow } from '../bench-row.ts'
import { runInFreshProcess } from '../fresh-process.ts'
import { installPeers } from './install-peers.ts'
import type { PeerFigures, PeerPair } from './peer-process.ts'

const rowCount = 100_000

/** Each peer with what is needed of it: slow ones are asked fewer times. */
const peers = [
  { name: 'zql', title: 'ZQL of Zero 1.9.0', steps: 500 },
  { name: 'tinybase', title: 'TinyBase 10.0.1', steps: 50 },
  { name: 'tanstack', title: 'TanStack DB 0.15.2', steps: 20 },
] as const

/**
 * The same rows, query and changes through what others offer, beside ours.
 *
 * Each peer runs with ours in one process, fed in turns; every hot window and
 * every window after an undo is compared with an oracle, so a peer that is fast
 * and wrong fails the run. Not part of a run of all: the peers are large.
 */
export async function run(): Promise<readonly BenchRow[]> {
  installPeers()
  const rows: BenchRow[] = []
  for (const { name, title, steps } of peers) {
    const script = new URL('./peer-process.ts', import.meta.url)
    // What peer-process.ts sends.
    const figures = (await runInFreshProcess(script, [name, String(rowCount), String(steps)])) as PeerFigures
    rows.push(
      row(`${title}: uniform change`, figures.uniform, 'µs'),
      row(`${title}: hot change p50`, figures.hot, 'µs'),
      ...(figures.optimistic ? [row(`${title}: optimistic change and undo`, figures.optimistic, 'µs')] : []),
      row(`${title}: load with the query open`, figures.load, 'ms'),
    )
  }
  return rows
}

/** How many times as long as we the peer takes. */
function row(name: string, { ours, theirs }: PeerPair, unit: string): BenchRow {
  return benchRow({
    name: `${name}, times ours`,
    measured: theirs / ours,
    bound: 1,
    better: 'higher',
    note: `${theirs.toPrecision(3)} ${unit} against ${ours.toPrecision(3)} ${unit}`,
  })
}
