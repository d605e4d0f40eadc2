/** What was pushed and not yet taken, for one reader. */
export type Mailbox<T> = {
  put(item: T): void
  /** Ends it behind what was put; the reader then gets this error. */
  fail(error: unknown): void
  /** All that is there, at least one; waits for the first. */
  take(): Promise<readonly T[]>
}

/**
 * @param maxItems - With more than these waiting, the mailbox fails with what `onFull` makes: the reader cannot keep up.
 */
export function createMailbox<T>(maxItems = Infinity, onFull = (): unknown => undefined): Mailbox<T> {
  let items: T[] = []
  let failure: { readonly error: unknown } | undefined
  let wake = (): void => {}
  return {
    put(item) {
      if (failure) return
      if (items.length < maxItems) items.push(item)
      else failure = { error: onFull() }
      wake()
    },
    fail(error) {
      failure ??= { error }
      wake()
    },
    async take() {
      while (items.length === 0) {
        // The reader is told what its stream was ended with, whatever that was.
        if (failure) throw failure.error as Error
        await new Promise<void>((resolve) => (wake = resolve))
      }
      const taken = items
      items = []
      return taken
    },
  }
}
