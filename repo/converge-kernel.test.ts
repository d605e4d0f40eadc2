import { switchableRules } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { converge } from './converge-kernel.ts'

/** Ten thousand in all, in parts so that a failure names its seeds at once. */
const parts = [1, 2_001, 4_001, 6_001, 8_001]

test.each(parts)(
  '2,000 histories of the kernel from seed %i end as the remote',
  { timeout: 120_000 },
  async (seed) => {
    expect(await converge({ seed, histories: 2_000 })).toEqual({ histories: 2_000, wrong: 0 })
  },
)

/** The first seed at which a run without the rule goes wrong; 1 for a rule that is not named. */
const firstSeeds = new Map([
  ['A2-crossed', 2_562],
  ['A2-covered', 8],
  ['A3', 3],
  ['S2', 139],
  ['S3', 378],
  ['S4', 6],
  ['S7', 45],
  ['S10', 46],
])

test.each(Object.keys(switchableRules))('without rule %s rows end wrong', async (rule) => {
  const { wrong, report } = await converge({ seed: firstSeeds.get(rule) ?? 1, histories: 20, without: rule })
  expect(wrong).toBeGreaterThan(0)
  expect(report).toMatch(/^seed \d+/)
})
