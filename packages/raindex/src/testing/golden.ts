import type { GoldenCheck } from './golden-check.ts'
import { goldenFloats } from './golden-floats.ts'
import { goldenOrders } from './golden-orders.ts'

/** All comparisons with recorded data, for the tests and for `npm run golden`. */
export const goldenChecks: readonly GoldenCheck[] = [goldenFloats, goldenOrders]
