import { randomBelow, uuidV7, type Random, type Row } from '@freshet/core'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Item = Row & { readonly id: string; readonly score: number }

const statuses = ['new', 'open', 'waiting', 'done', 'closed'] as const

/** Rows of the field's usual shape; ids do not come in order, as when many clients make them. */
export function makeItems(count: number, random: Random): readonly Item[] {
  const payload = 'p'.repeat(200)
  return Array.from({ length: count }, (_, at) => ({
    id: uuidV7(random, 1_700_000_000_000 + randomBelow(random, 1_000_000_000)),
    name: `Item ${at}`,
    owner: `owner-${randomBelow(random, 100)}`,
    score: randomBelow(random, 1_000_000),
    status: statuses[randomBelow(random, statuses.length)] ?? 'new',
    updatedAt: 1_700_000_000_000 + at,
    payload,
  }))
}

/** A directory of its own, removed when disposed. */
export function benchDirectory(): { path(name: string): string; [Symbol.dispose](): void } {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-bench-'))
  return {
    path: (name) => join(directory, name),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}
