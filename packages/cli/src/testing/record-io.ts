import { systemClock } from '@freshet/core'
import type { Io } from '../io.ts'

export type RecordedIo = {
  readonly io: Io
  /** What was asked for, one text for each time it was written. */
  readonly out: readonly string[]
  /** What was said to the person. */
  readonly err: readonly string[]
}

/** Nobody watches, the environment is empty, and nobody interrupts, unless `more` says otherwise. */
export function recordIo(more: Partial<Io> = {}): RecordedIo {
  const out: string[] = []
  const err: string[] = []
  const { signal } = new AbortController()
  const io: Io = {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    isTerminal: false,
    env: {},
    interrupted: () => signal,
    clock: systemClock,
    ...more,
  }
  return { io, out, err }
}
