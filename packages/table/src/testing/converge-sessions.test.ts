import { expect, test } from 'vitest'
import { converge } from './converge-sessions.ts'

// Wide, because a loaded machine must not fail a test.
const timeoutMs = 600_000

test(
  '[LT42] in a thousand histories no promise is broken, nothing happens twice, and no guarded value is overwritten unseen',
  async () => {
    const { histories, wrong, report } = await converge({ seed: 1, histories: 1_000 })
    expect(report ?? 'nothing wrong').toBe('nothing wrong')
    expect({ histories, wrong }).toEqual({ histories: 1_000, wrong: 0 })
  },
  timeoutMs,
)

for (const [without, finding] of [
  ['guard', 'silently overwrote'],
  ['operation-id', 'was applied'],
  ['note', 'wrong: '],
  ['stay', 'is lost'],
] as const) {
  test(
    `[LT42] the histories notice when there is no ${without}`,
    async () => {
      const { wrong, report } = await converge({ seed: 1, histories: 100, without })
      expect(wrong).toBeGreaterThan(0)
      expect(report).toContain(finding)
    },
    timeoutMs,
  )
}

test('[LT42] a rule that does not exist cannot be switched off', async () => {
  await expect(converge({ seed: 1, histories: 1, without: 'LT99' })).rejects.toThrow('operation-id')
})
