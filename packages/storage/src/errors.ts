import { FreshetError, type FreshetErrorOptions } from '@freshet/core'

type StorageCode = `storage/${string}`

/** What a store cannot do, though its caller did nothing wrong [ST10]. */
export function storageError(
  code: StorageCode,
  message: string,
  options?: Pick<FreshetErrorOptions, 'retryable' | 'cause'>,
): FreshetError {
  return new FreshetError({ code, kind: 'storage', message, ...options })
}

/** The store was closed by its owner [ST4]. */
export function closedError(store: string): FreshetError {
  return storageError('storage/closed', `The store ${store} is closed. Open it again.`)
}

/** A newer leadership was taken; the old leader must stop writing [T9]. */
export function deposedError(store: string, term: number, current: number): FreshetError {
  return storageError(
    'storage/deposed',
    `The store ${store} is led by term ${current} now, not ${term}. Follow it, or take a term again.`,
  )
}

/** What was stored cannot be read back. */
export function corruptError(store: string, detail: string, cause?: unknown): FreshetError {
  return storageError(
    'storage/corrupt',
    `The store ${store} is damaged: ${detail}. Restore it from a copy, or delete it.`,
    { cause },
  )
}
