import type { GoldenCheck } from './golden-check.ts'
import { goldenArbitrum } from './golden-arbitrum.ts'
import { goldenFloats } from './golden-floats.ts'
import { goldenOrders } from './golden-orders.ts'
import { goldenReplay } from './golden-replay.ts'

/** All comparisons with recorded data, for the tests and for `npm run golden`. */
export const goldenChecks: readonly GoldenCheck[] = [
  goldenFloats,
  goldenOrders,
  ...['v5-run-1', 'v5-run-2', 'v5-run-3', 'v6-run'].map(goldenReplay),
  goldenArbitrum,
]
