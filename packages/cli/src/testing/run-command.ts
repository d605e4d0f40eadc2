import type { Io } from '../io.ts'
import { run } from '../run.ts'
import { recordIo } from './record-io.ts'

export type Ran = { readonly code: number; readonly out: readonly string[]; readonly err: readonly string[] }
export type RanText = { readonly code: number; readonly out: string; readonly err: string }

/** Runs a command line to its end, and answers what it wrote where. */
export async function runCommand(words: readonly string[], more?: Partial<Io>): Promise<Ran> {
  const { io, out, err } = recordIo(more)
  return { code: await run(words, io), out, err }
}

/** The same, what it wrote as one text. */
export async function runForText(words: readonly string[], more?: Partial<Io>): Promise<RanText> {
  const { code, out, err } = await runCommand(words, more)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** For a command that runs until it is interrupted: it is, from the start. */
export const interruptedAtOnce = { interrupted: () => AbortSignal.abort() } as const
