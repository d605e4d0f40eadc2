/** A stream that is fed from outside. */
export type PushQueue<T> = AsyncIterable<T> & {
  push(item: T): void
  /** Ends the stream behind what was pushed, with an error if there is one. */
  end(error?: Error): void
}

/** A queue for one reader. It ends when the signal is aborted, or the reader leaves. */
export function createPushQueue<T>(signal?: AbortSignal): PushQueue<T> {
  const items: T[] = []
  let ended = false
  let failure: Error | undefined
  let wake = (): void => {}

  const end = (error?: Error): void => {
    if (ended) return
    ended = true
    failure = error
    wake()
  }
  signal?.addEventListener('abort', () => end(), { once: true })
  if (signal?.aborted) end()

  return {
    push(item) {
      if (ended) return
      items.push(item)
      wake()
    },
    end,
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          while (items.length > 0) {
            const [item] = items.splice(0, 1)
            if (item !== undefined) yield item
          }
          if (ended) {
            if (failure !== undefined) throw failure
            return
          }
          await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        end()
      }
    },
  }
}
