import type { Clock } from '@freshet/core'
import type { ChainStep } from './chain-steps.ts'

/** The steps, with a word in between where the first of them take long. */
export async function* withHeartbeats(
  steps: AsyncGenerator<ChainStep, void, undefined>,
  clock: Clock,
  everyMs: number,
): AsyncGenerator<ChainStep, void, undefined> {
  let isLive = false
  let progress: ChainStep = { kind: 'progress', done: 0, total: 1 }
  try {
    for (;;) {
      const next = steps.next()
      while (!isLive && !(await endsWithin(next, clock, everyMs))) yield progress
      const { done, value } = await next
      if (done === true) return
      if (value.kind === 'live') isLive = true
      if (value.kind === 'progress') progress = value
      yield value
    }
  } finally {
    await steps.return()
  }
}

async function endsWithin(work: Promise<unknown>, clock: Clock, forMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const cancel = clock.schedule(() => resolve(false), forMs)
  const ended = work.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([promise, ended])
  } finally {
    cancel()
  }
}
