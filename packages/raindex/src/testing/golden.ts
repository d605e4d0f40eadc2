import type { GoldenCheck } from './golden-check.ts'
import { goldenArbitrum } from './golden-arbitrum.ts'
import { goldenClears } from './golden-clears.ts'
import { goldenFloats } from './golden-floats.ts'
import { goldenOrders } from './golden-orders.ts'
import { goldenQuotes } from './golden-quotes.ts'
import { goldenReplayMarkers } from './golden-replay-markers.ts'
import { goldenReplayPoints } from './golden-replay-points.ts'
import { goldenReplay } from './golden-replay.ts'
import { goldenReplayedQuotes } from './golden-replayed-quotes.ts'
import { contractsFolder } from './real-contracts.ts'
import { goldenTakesV5, goldenTakesV6 } from './golden-takes.ts'

const contracts = contractsFolder()
const runs = ['v5-run-1', 'v5-run-2', 'v5-run-3', 'v6-run']

/** All comparisons with recorded data, for the tests and for `npm run golden`. */
export const goldenChecks: readonly GoldenCheck[] = [
  goldenFloats,
  goldenOrders,
  ...runs.map(goldenReplay),
  goldenArbitrum,
  ...runs.map(goldenClears),
  ...runs.map((name) => goldenQuotes(name)),
  ...runs.map(goldenReplayedQuotes),
  ...runs.map(goldenReplayPoints),
  ...runs.map(goldenReplayMarkers),
  goldenTakesV5(),
  goldenTakesV6(),
  ...(contracts === undefined ? [] : withContracts(contracts)),
]

/** The same quotes and takes with the programs run for real. */
function withContracts(folder: string): readonly GoldenCheck[] {
  return [...runs.map((name) => goldenQuotes(name, folder)), goldenTakesV5(folder), goldenTakesV6(folder)]
}
