import { systemClock } from '@freshet/core'
import type { Io } from './io.ts'

/** The streams, environment and signals of this process. */
export function processIo(): Io {
  const { stdout, stderr, env } = process
  let ending: AbortController | undefined
  // Whoever reads our output may stop, as `head` does; that is no fault.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    // A line that wraps could not be rewritten.
    progress: stderr.isTTY
      ? (text) => void stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns || 80) - 1)}`)
      : undefined,
    isTerminal: stdout.isTTY,
    env,
    clock: systemClock,
    interrupted() {
      if (ending === undefined) {
        const controller = new AbortController()
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort())
        ending = controller
      }
      return ending.signal
    },
  }
}
