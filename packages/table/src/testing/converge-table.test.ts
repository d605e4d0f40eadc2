import { expect, test } from 'vitest'
import { converge } from './converge-table.ts'

// Wide, because a loaded machine must not fail a test.
const timeoutMs = 600_000

test(
  '[LT27] ten thousand histories end equal to the master',
  async () => {
    const { histories, wrong, report } = await converge({ seed: 1, histories: 10_000 })
    expect(report ?? 'nothing wrong').toBe('nothing wrong')
    expect({ histories, wrong }).toEqual({ histories: 10_000, wrong: 0 })
  },
  timeoutMs,
)

for (const without of ['LT7', 'LT18', 'LT19']) {
  test(
    `[LT27] the histories notice when ${without} is switched off`,
    async () => {
      const { wrong, report } = await converge({ seed: 1, histories: 1_000, without })
      expect(wrong).toBeGreaterThan(0)
      expect(report).toContain('wrong: ')
    },
    timeoutMs,
  )
}

test('[LT27] a rule that does not exist cannot be switched off', async () => {
  await expect(converge({ seed: 1, histories: 1, without: 'LT99' })).rejects.toThrow('LT7')
})
