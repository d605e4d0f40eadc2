import type { Clock } from './clock.ts'
import { FreshetError } from './errors.ts'

/**
 * What work brings that may never end: gives up after `forMs` (`Infinity` for
 * never), or once the signal is aborted, whether the work hears of it or not.
 *
 * @throws {FreshetError} `remote/stalled`, retryable; or the signal's reason.
 */
export async function within<T>(
  clock: Clock,
  forMs: number,
  signal: AbortSignal,
  work: Promise<T>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  // The reason of an abort is ours: this signal is never given to others to abort.
  const abort = (): void => reject(signal.reason as Error)
  const cancel = forMs === Infinity ? undefined : clock.schedule(() => reject(stalled(forMs)), forMs)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([promise, work])
  } finally {
    cancel?.()
    signal.removeEventListener('abort', abort)
  }
}

function stalled(forMs: number): FreshetError {
  return new FreshetError({
    code: 'remote/stalled',
    kind: 'remote',
    retryable: true,
    message: `The remote said nothing for ${forMs} ms; it is asked again.`,
  })
}
