import { expect, test } from 'vitest'
import { converge } from './converge.ts'

// Wide, because a loaded machine must not fail a test.
const timeoutMs = 600_000

test(
  '[TO14, TO15, TO16, TO17, TO18, TO19, TO32] a thousand histories of entities, events and records end equal to the world',
  async () => {
    const { histories, wrong, report } = await converge({ seed: 1, histories: 1_000 })
    expect(report ?? 'nothing wrong').toBe('nothing wrong')
    expect({ histories, wrong }).toEqual({ histories: 1_000, wrong: 0 })
  },
  timeoutMs,
)

for (const [without, histories] of [
  ['1', 60],
  ['4', 60],
  ['6', 60],
  ['8', 20],
] as const) {
  test(
    `[TO14, TO16, TO17, TO18] the histories notice when rule ${without} of the synchroniser is switched off`,
    async () => {
      const { wrong, report } = await converge({ seed: 1, histories, without })
      expect(wrong).toBeGreaterThan(0)
      expect(report).toContain('wrong: ')
    },
    timeoutMs,
  )
}

test('[TO14] a rule that does not exist cannot be switched off', async () => {
  await expect(converge({ seed: 1, histories: 1, without: 'TO99' })).rejects.toThrow('TO14')
})
