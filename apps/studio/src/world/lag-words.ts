import type { SyncTick } from '@freshet/torii'
import { spanWords } from '../strip/describe-freshness.ts'

/** How far what is shown may be behind the world. A tick is of its moment: what is old grows older. */
export function describeLag({ clock, overall: { lagMs } }: SyncTick, nowUnixMs: number): string {
  if (lagMs === undefined) return 'lag unknown'
  return `lag ${spanWords(lagMs === 0 ? 0 : lagMs + nowUnixMs - clock)}`
}
