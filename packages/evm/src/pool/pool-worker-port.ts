/**
 * A worker as the pool sees it. Give your own to run the pool where workers are made differently, or to fake one
 * in a test.
 */
export interface PoolWorker {
  /** `transfer` may be moved instead of copied. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void
  /** Called for every message from the worker. */
  onMessage(listener: (message: unknown) => void): void
  /** Called once when the worker is gone though nobody terminated it, or broke. */
  onFailure(listener: (cause: unknown) => void): void
  terminate(): void
}
