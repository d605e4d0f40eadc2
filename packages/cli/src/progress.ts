import type { Io } from './io.ts'

/** Says what is waited for once that takes longer than a second, and for how long. */
export async function withProgress<T>(io: Io, what: string, work: () => Promise<T>): Promise<T> {
  const started = io.clock.now()
  let shown = false
  let cancel = (): void => {}
  const tick = (): void => {
    const seconds = Math.round((io.clock.now() - started) / 1_000)
    if (io.progress !== undefined) io.progress(`${what} … ${seconds} s`)
    else if (!shown) io.err(`${what} …`)
    shown = true
    cancel = io.clock.schedule(tick, 1_000)
  }
  cancel = io.clock.schedule(tick, 1_000)
  try {
    return await work()
  } finally {
    cancel()
    if (shown) io.progress?.('')
  }
}
