import type { OutboxEntry } from './outbox-entry.ts'

/** Sends the operations of each group one after the other, and the groups side by side [W6]. */
export type GroupSender = {
  /** Starts every group that stands still and has something to send. */
  pump(): void
  /** Resolves when nothing is being sent. */
  quiet(): Promise<unknown>
}

export function createGroupSender(options: {
  readonly entries: readonly OutboxEntry[]
  /** The next operation of a group. */
  next(group: string): OutboxEntry | undefined
  /** Undefined or aborted: nothing is sent. */
  signal(): AbortSignal | undefined
  /** Resolves when the entry has ended or failed, or the signal was aborted. */
  deliver(entry: OutboxEntry, signal: AbortSignal): Promise<void>
  changed(): void
  onError(error: unknown): void
}): GroupSender {
  const { entries, next } = options
  const busy = new Map<string, Promise<void>>()

  const drain = async (group: string, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const entry = next(group)
      if (!entry?.noted || signal.aborted) return
      // Taken back, and being removed from the store.
      if (entry.ended) await entry.writing
      else await options.deliver(entry, signal)
    }
  }
  const pump = (): void => {
    const signal = options.signal()
    if (!signal || signal.aborted) return
    for (const { operation } of entries) {
      const { group } = operation
      if (busy.has(group) || !next(group)?.noted) continue
      const done = drain(group, signal)
        .catch(options.onError)
        .finally(() => {
          busy.delete(group)
          pump()
          options.changed()
        })
      busy.set(group, done)
    }
  }
  return { pump, quiet: () => Promise.all(busy.values()) }
}
