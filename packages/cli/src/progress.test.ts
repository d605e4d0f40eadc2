import { createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import type { Io } from './io.ts'
import { withProgress } from './progress.ts'
import { run } from './run.ts'
import { recordIo } from './testing/record-io.ts'
import { interruptedAtOnce } from './testing/run-command.ts'

/** At a terminal, what is asked for and what is said in one list. */
function recordingIo(more: Partial<Io>): { readonly io: Io; readonly lines: readonly string[] } {
  const lines: string[] = []
  const show = (text: string): void => void lines.push(text)
  const { io } = recordIo({ out: show, err: show, isTerminal: true, ...interruptedAtOnce, ...more })
  return { io, lines }
}

test('[CL16] what takes longer than a second says so, and for how long', async () => {
  const clock = createVirtualClock()
  const shown: string[] = []
  const { io, lines } = recordingIo({ clock, progress: (text) => shown.push(text) })
  const done = Promise.withResolvers<string>()
  const work = withProgress(io, 'Reading client', () => done.promise)
  await clock.advance(900)
  expect(shown).toEqual([])
  await clock.advance(1_500)
  done.resolve('rows')
  expect(await work).toBe('rows')
  expect(shown).toEqual(['Reading client … 1 s', 'Reading client … 2 s', ''])
  expect(lines).toEqual([])
})

test('[CL16] work that counts shows a bar', async () => {
  const clock = createVirtualClock()
  const shown: string[] = []
  const { io } = recordingIo({ clock, progress: (text) => shown.push(text) })
  const done = Promise.withResolvers<void>()
  const work = withProgress(io, 'Replaying', (report) => {
    report(250, 1_000)
    return done.promise
  })
  await clock.advance(1_000)
  done.resolve()
  await work
  expect(shown).toEqual(['Replaying … █████░░░░░░░░░░░░░░░ 25 %, 1 s', ''])
})

test('[CL16] without a terminal one line is enough, and quick work says nothing', async () => {
  const clock = createVirtualClock()
  const { io, lines } = recordingIo({ clock })
  await withProgress(io, 'Quick', async () => 1)
  const done = Promise.withResolvers<void>()
  const work = withProgress(io, 'Slow', () => done.promise)
  await clock.advance(5_000)
  done.resolve()
  await work
  expect(lines).toEqual(['Slow …'])
})

test('[CL17] the demo says where it is and how to read it, and ends when it is interrupted', async () => {
  const { io, lines } = recordingIo({})
  expect(await run(['demo', '--port', '0'], io)).toBe(0)
  expect(lines.join('\n')).toMatch(/ws:\/\/127\.0\.0\.1:\d+\/rpc[^]*freshet db client list --url ws:/)
  expect(await run(['demo', '--port', '70000'], io)).toBe(2)
})
