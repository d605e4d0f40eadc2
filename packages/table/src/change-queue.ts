import { FreshetError } from '@freshet/core'
import type { MasterChange } from './master.ts'

/** Changes a watcher may fall behind before its watch ends; it must then read all again. */
export const maxQueuedChanges = 100_000

/** Hands changes from a driver to one watcher, in order, holding those not yet taken. */
export type ChangeQueue = {
  push(change: MasterChange): void
  /** Ends the watch once the queued changes are taken: with an error, or cleanly. */
  end(error?: FreshetError): void
  readonly changes: AsyncIterable<MasterChange>
}

/**
 * A queue for one watcher.
 *
 * The signal ends it at once. A watcher more than `maxQueuedChanges` behind is
 * ended with `table/watch-overflow` instead of letting memory grow.
 *
 * @param attach - Called with the queue unless the signal is aborted already;
 *   the function it returns is called once, when the watch is over for whatever reason.
 */
export function createChangeQueue(
  signal: AbortSignal,
  attach: (queue: ChangeQueue) => () => void,
): ChangeQueue {
  let queued: MasterChange[] = []
  let taken = 0
  let ended: { readonly error: FreshetError | undefined } | undefined
  let wake: (() => void) | undefined
  let detach: () => void = () => {}

  const end = (error?: FreshetError): void => {
    if (ended !== undefined) return
    ended = { error }
    signal.removeEventListener('abort', abort)
    detach()
    wake?.()
  }
  const clear = (): void => {
    queued = []
    taken = 0
  }
  const abort = (): void => {
    clear()
    end()
  }
  const push = (change: MasterChange): void => {
    if (ended !== undefined) return
    if (queued.length - taken >= maxQueuedChanges) {
      clear()
      end(overflow())
      return
    }
    queued.push(change)
    wake?.()
  }
  const take = (): MasterChange | undefined => {
    const change = queued[taken]
    if (change === undefined) return undefined
    taken++
    if (taken === queued.length) clear()
    return change
  }
  async function* changes(): AsyncGenerator<MasterChange> {
    try {
      for (;;) {
        const change = take()
        if (change !== undefined) {
          yield change
          continue
        }
        if (ended?.error !== undefined) throw ended.error
        if (ended !== undefined) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      end()
    }
  }

  const queue = { push, end, changes: changes() }
  if (signal.aborted) {
    abort()
  } else {
    signal.addEventListener('abort', abort)
    detach = attach(queue)
  }
  return queue
}

function overflow(): FreshetError {
  return new FreshetError({
    code: 'table/watch-overflow',
    kind: 'remote',
    retryable: true,
    message: `The watcher fell ${maxQueuedChanges} changes behind. Watch again and read the table anew.`,
  })
}
