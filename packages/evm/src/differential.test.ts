import { expect, test } from 'vitest'
import { converge } from './testing/converge.ts'

// 200,000 programs are about 80 s of one core; a developer's run takes a twentieth of them.
const programs = Number(
  process.env['FRESHET_EVM_PROGRAMS'] ?? (process.env['CI'] === undefined ? 10_000 : 200_000),
)
const seed = Number(process.env['FRESHET_EVM_SEED'] ?? 20_261_120)

test(
  `[EV2] [EV3] ${programs} random programs end as on the reference engine`,
  { timeout: 600_000 },
  async () => {
    const { wrong, report } = await converge({ seed, histories: programs })
    expect(report).toBeUndefined()
    expect(wrong).toBe(0)
  },
)

test.each(['EV2', 'EV3', 'EV6'])('[%s] a broken rule is noticed and shrunk', async (without) => {
  const { wrong, report } = await converge({ seed: 1, histories: 300, without })
  expect(wrong).toBeGreaterThan(0)
  expect(report).toContain('expected')
})
