import { expect, test } from 'vitest'
import { converge } from './converge-raindex.ts'

test('[RX13] [RX31] [RX35] after forks, repeats, late code and deaths at any write the book is that of the chain', async () => {
  expect(await converge({ seed: 7, histories: 40 })).toEqual({ histories: 40, wrong: 0, report: undefined })
})

test.each(['RX31', 'RX35'])('the rule %s is noticed when it is switched off', async (without) => {
  const { wrong, report } = await converge({ seed: 7, histories: 25, without })
  expect(wrong).toBeGreaterThan(0)
  expect(report).toContain(`without ${without}`)
})
