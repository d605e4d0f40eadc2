import { expect, test } from 'vitest'
import { eventBeside, playerAt, stepPlayer, type PlayerStep } from './player.ts'

function after(...steps: readonly PlayerStep[]) {
  return steps.reduce(stepPlayer, playerAt(1_000, 2_000, 1_100))
}

test('[SR4] it passes as fast as it is told, and stops at the end', () => {
  const play: PlayerStep = { kind: 'play' }
  expect(after(play, { kind: 'pass', seconds: 2 }).time).toBe(1_120)
  expect(after({ kind: 'speed', speed: 1 }, play, { kind: 'pass', seconds: 2 }).time).toBe(1_102)
  expect(after({ kind: 'speed', speed: 60 }, play, { kind: 'pass', seconds: 2 }).time).toBe(1_220)
  expect(after(play, { kind: 'pass', seconds: 500 })).toMatchObject({ time: 2_000, isPlaying: false })
  // From the end it begins anew.
  expect(after({ kind: 'seek', time: 2_000 }, play)).toMatchObject({ time: 1_000, isPlaying: true })
  expect(after({ kind: 'pass', seconds: 2 }).time).toBe(1_100)
})

test('[SR4] what comes later is hidden while it plays, and after until one wants to see it', () => {
  expect(after().hidesLater).toBe(false)
  expect(after({ kind: 'play' }).hidesLater).toBe(true)
  expect(after({ kind: 'play' }, { kind: 'hide-later', hides: false }).hidesLater).toBe(true)
  expect(after({ kind: 'play' }, { kind: 'pause' }).hidesLater).toBe(true)
  const shown = after({ kind: 'play' }, { kind: 'pause' }, { kind: 'hide-later', hides: false })
  expect(shown.hidesLater).toBe(false)
})

test('[SR3] the head stays within the range', () => {
  expect(after({ kind: 'seek', time: 1 }).time).toBe(1_000)
  expect(after({ kind: 'seek', time: 9_999 }).time).toBe(2_000)
  expect(playerAt(1_000, 2_000, 5).time).toBe(1_000)
})

test('[SR3] the event before is not the one the head stands on, nor is the one after', () => {
  const events = [10, 20, 20, 30]
  expect(eventBeside(events, 20, 'next')).toBe(30)
  expect(eventBeside(events, 20, 'previous')).toBe(10)
  expect(eventBeside(events, 20.5, 'previous')).toBe(10)
  expect(eventBeside(events, 30, 'next')).toBeUndefined()
  expect(eventBeside(events, 5, 'previous')).toBeUndefined()
})
