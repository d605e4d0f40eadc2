import { expect, test } from 'vitest'
import { createVirtualClock } from './testing/virtual-clock.ts'
import { within } from './within.ts'

const never = new Promise<never>(() => {})

test('[S9] work that never ends is given up after its time', async () => {
  const clock = createVirtualClock()
  const signal = new AbortController().signal
  const outcome = within(clock, 100, signal, never).catch((error: unknown) => error)
  await clock.advance(100)
  expect(await outcome).toMatchObject({ code: 'remote/stalled', retryable: true })
  expect(await within(clock, 100, signal, Promise.resolve(7))).toBe(7)
  await expect(within(clock, 100, signal, Promise.reject(new Error('its own')))).rejects.toThrow('its own')
})

test('[S9] work that does not hear of an abort is left behind', async () => {
  const clock = createVirtualClock()
  const controller = new AbortController()
  const outcome = within(clock, Infinity, controller.signal, never).catch((error: unknown) => error)
  await clock.advance(1_000_000)
  controller.abort(new Error('not wanted'))
  expect(await outcome).toMatchObject({ message: 'not wanted' })
  await expect(within(clock, 1, controller.signal, Promise.resolve(1))).rejects.toThrow('not wanted')
})
