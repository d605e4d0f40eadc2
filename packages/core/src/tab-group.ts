import { createListeners } from './listeners.ts'

/** What `navigator.locks` does, as far as it is needed here. */
export interface TabLocks {
  request(
    name: string,
    options: { readonly signal: AbortSignal },
    held: (lock: unknown) => Promise<void>,
  ): Promise<unknown>
}

/** What a `BroadcastChannel` does, as far as it is needed here. */
export interface TabChannel {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  close(): void
}

/**
 * The tabs of one browser that share a store: one of them leads, the others are
 * told what it does [T10].
 */
export type TabGroup<Message> = {
  post(message: Message): void
  subscribe(listener: (message: Message) => void): () => void
  /**
   * Runs `lead` once this tab holds the lock, which may be never. The lock is
   * kept until the group is closed or the tab dies.
   *
   * @param lead - Resolves when it has taken over; its result is called to let go.
   */
  whenLeader(lead: () => Promise<() => Promise<void>>): void
  close(): Promise<void>
}

/**
 * What a browser gives its tabs: `{ locks: navigator.locks, openChannel: (name) =>
 * new BroadcastChannel(name) }`.
 */
export type TabEnvironment = {
  readonly locks: TabLocks
  openChannel(name: string): TabChannel
}

export type TabGroupOptions = TabEnvironment & {
  /** The same in all tabs that share the store. */
  readonly name: string
  onError(error: unknown): void
}

export function createTabGroup<Message>(options: TabGroupOptions): TabGroup<Message> {
  const { name, locks, onError } = options
  const channel = options.openChannel(name)
  const listeners = createListeners<Message>(onError)
  const closing = new AbortController()
  let leading: Promise<unknown> = Promise.resolve()

  // Only tabs of this origin and of this name write here, by `post` below.
  channel.addEventListener('message', (event) => listeners.emit(event.data as Message))

  return {
    post(message) {
      if (!closing.signal.aborted) channel.postMessage(message)
    },
    subscribe: listeners.add,
    whenLeader(lead) {
      const held = async (): Promise<void> => {
        if (closing.signal.aborted) return
        const letGo = await lead()
        await aborted(closing.signal)
        await letGo()
      }
      leading = locks.request(name, { signal: closing.signal }, held).catch((error: unknown) => {
        if (!closing.signal.aborted) onError(error)
      })
    },
    async close() {
      closing.abort()
      await leading
      channel.close()
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
