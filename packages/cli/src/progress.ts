import type { Io } from './io.ts'

/** Told how far work is, where it can count. */
export type Report = (done: number, total: number) => void

const barWidth = 20

/**
 * Says what is waited for once that takes longer than a second, and for how long; with a bar as soon as the work says
 * how much of it is done.
 */
export async function withProgress<T>(
  io: Io,
  what: string,
  work: (report: Report) => Promise<T>,
): Promise<T> {
  const started = io.clock.now()
  let share: number | undefined
  let shown = false
  let cancel = (): void => {}
  const tick = (): void => {
    const seconds = Math.round((io.clock.now() - started) / 1_000)
    if (io.progress !== undefined) io.progress(`${what} … ${barOf(share)}${seconds} s`)
    else if (!shown) io.err(`${what} …`)
    shown = true
    cancel = io.clock.schedule(tick, 1_000)
  }
  cancel = io.clock.schedule(tick, 1_000)
  try {
    return await work((done, total) => {
      share = total > 0 ? Math.min(1, done / total) : undefined
    })
  } finally {
    cancel()
    if (shown) io.progress?.('')
  }
}

function barOf(share: number | undefined): string {
  if (share === undefined) return ''
  const filled = Math.round(share * barWidth)
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${Math.floor(share * 100)} %, `
}
