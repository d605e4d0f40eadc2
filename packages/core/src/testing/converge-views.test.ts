import { expect, test } from 'vitest'
import { converge } from './converge-views.ts'

test('[Q1] after every step of random histories a view equals its recomputation', async () => {
  const { wrong, report } = await converge({ seed: 1, histories: 400 })
  expect(report).toBeUndefined()
  expect(wrong).toBe(0)
}, 60_000)

test('[Q1] the harness sees views that are not settled', async () => {
  const { wrong, report } = await converge({ seed: 1, histories: 3, without: 'Q1' })
  expect(wrong).toBeGreaterThan(0)
  expect(report).toMatch(/shrunk to [1-4] of/)
})

test('[O1] the harness sees layers that are not folded over newer rows', async () => {
  const { wrong } = await converge({ seed: 1, histories: 20, without: 'O1' })
  expect(wrong).toBeGreaterThan(0)
})

test('[Q1] a rule that cannot be switched off is refused by name', async () => {
  await expect(converge({ seed: 1, histories: 1, without: 'Z9' })).rejects.toThrow(/Z9/)
})
