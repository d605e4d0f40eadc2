import { expect, test } from 'vitest'
import type { LogBatch } from './batch.ts'
import { createIntake } from './intake.ts'
import { randomBelow, type Random } from './random.ts'
import { createReplica } from './replica.ts'
import { makeLog } from './testing/kernel-history.ts'
import { createSeededRandom } from './testing/seeded-random.ts'
import { toyProjection, type ToyLog } from './testing/toy-chain.ts'
import { toyTable } from './testing/toy-table.ts'
import type { Row } from './value.ts'
import { sourceSide } from './source-side.ts'

type Stretch = { readonly upTo: number; readonly facts: readonly ToyLog[] }

/** What a fresh reading of these stretches shows: each waits for its needs, and behind those with its accounts. */
function naiveReplay(stretches: readonly Stretch[], ready: ReadonlySet<string>): Record<string, Row> {
  const rows = new Map<string, Row>()
  const held = new Set<string>()
  for (const { facts } of stretches) {
    const waits = facts.some(
      ({ need, account }) => (need !== undefined && !ready.has(need)) || held.has(account),
    )
    if (waits) for (const { account } of facts) held.add(account)
    else {
      toyProjection.apply(
        { get: (_, id) => rows.get(id), put: (_, id, row) => rows.set(id, row), delete() {} },
        facts,
      )
    }
  }
  return Object.fromEntries(rows)
}

function runHistory(random: Random): void {
  const ready = new Set<string>()
  const replica = createReplica<ToyLog>({
    name: 'r',
    tables: [{ name: toyTable }],
    intake: createIntake({ projection: toyProjection, isReady: (need) => ready.has(need), keepPositions: 8 }),
  })
  let stretches: Stretch[] = []
  let final = -1
  const headOf = (known: readonly Stretch[]): number => known.at(-1)?.upTo ?? -1
  const newBatch = (after: number, rewindTo?: number): LogBatch<ToyLog> => ({
    kind: 'log',
    after,
    upTo: after + 1 + randomBelow(random, 3),
    rewindTo,
    facts: Array.from({ length: randomBelow(random, 4) }, () => makeLog(random)),
  })
  const extend = (): void => {
    const batch = newBatch(headOf(stretches))
    const { upTo, facts } = batch
    stretches.push({ upTo, facts })
    // Final stretches can be rewound no more.
    if (randomBelow(random, 4) === 0) final = Math.max(final, upTo - randomBelow(random, 6))
    expect(replica.apply({ ...batch, finalizedTo: final })).not.toMatchObject({ kind: 'gap' })
    if (randomBelow(random, 4) === 0) expect(replica.apply(batch)).toEqual({ kind: 'covered' })
  }
  const rewind = (): void => {
    const rewindTo = headOf(stretches) - 1 - randomBelow(random, 6)
    const outcome = replica.apply(newBatchAt(rewindTo))
    if (outcome.kind === 'gap') {
      // In the middle of a stretch: sent again from its start.
      expect(stretches.some(({ upTo }) => upTo === outcome.position) || outcome.position === -1).toBe(true)
      replica.apply(newBatchAt(outcome.position))
    }
    if (outcome.kind === 'beyond-history') {
      expect(rewindTo).toBeLessThan(outcome.oldest)
      sourceSide(replica).reset()
      stretches = []
      final = -1
    }
  }
  const newBatchAt = (position: number): LogBatch<ToyLog> => {
    const batch = newBatch(position, position)
    const kept = stretches.filter(({ upTo }) => upTo <= position)
    if (headOf(kept) === position && position >= oldestOf())
      stretches = [...kept, { upTo: batch.upTo, facts: batch.facts }]
    return batch
  }
  /** A probe that changes nothing: behind what is kept, or in the middle of a stretch. */
  const oldestOf = (): number => {
    const outcome = replica.apply({ kind: 'log', after: -99, upTo: -98, rewindTo: -99, facts: [] })
    return outcome.kind === 'beyond-history' ? outcome.oldest : -1
  }

  for (let step = 0; step < 40; step++) {
    const roll = randomBelow(random, 10)
    if (roll < 6) extend()
    else if (roll < 8) rewind()
    else {
      ready.add(['code:a', 'code:b', 'schema:c'][randomBelow(random, 3)] ?? '')
      sourceSide(replica).retryDeferred()
    }
    expect(Object.fromEntries(replica.collection(toyTable).entries())).toEqual(naiveReplay(stretches, ready))
    expect(replica.position).toBe(headOf(stretches))
  }
}

test('[A3] [S7] with rewinds, waiting and late batches the rows equal a naive replay after every step', () => {
  for (let seed = 1; seed <= 400; seed++) {
    expect(() => runHistory(createSeededRandom(seed)), `seed ${seed}`).not.toThrow()
  }
})
