import { expect, test } from 'vitest'
import { readReplayAddress, replayAddress } from './replay-address.ts'

test('[SR5] a link says the time, the order and the step, and is read back', () => {
  const address = { order: '0xabc', time: 1_794_996_300, stepSeconds: 10 }
  expect(replayAddress(address)).toBe('/replay?t=2026-11-18T10:05:00Z&order=0xabc&step=10')
  expect(readReplayAddress(replayAddress(address))).toEqual(address)
  expect(replayAddress({ stepSeconds: 1 })).toBe('/replay')
})

test('[SR5] what makes no sense in a link is left out', () => {
  expect(readReplayAddress('/replay?t=soon&step=-1')).toEqual({})
  expect(readReplayAddress('/replay')).toEqual({})
  expect(readReplayAddress('/replay?t=1794996300')).toEqual({ time: 1_794_996_300 })
})
