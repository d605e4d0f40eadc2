import type { TabChannel, TabLocks } from '../tab-group.ts'

/** Locks and channels as the tabs of one browser share them, without a browser. */
export type BrowserTabs = {
  /** What one more tab sees; `crash` ends it as if the browser killed it. */
  openTab(): { readonly locks: TabLocks; openChannel(name: string): TabChannel; crash(): void }
}

type Listener = (event: { readonly data: unknown }) => void
type Port = { readonly name: string; readonly listeners: Set<Listener>; alive: boolean }

export function createBrowserTabs(): BrowserTabs {
  const ports = new Set<Port>()
  const queues = new Map<string, Promise<void>>()

  const openChannel = (name: string, tab: { alive: boolean }): TabChannel => {
    const port: Port = { name, listeners: new Set(), alive: true }
    ports.add(port)
    return {
      postMessage(message) {
        if (!tab.alive || !port.alive) return
        const copy = structuredClone(message)
        for (const other of ports) {
          if (other === port || other.name !== name) continue
          // Behind the work of this turn, as a browser delivers it.
          queueMicrotask(() => {
            if (other.alive) for (const listener of other.listeners) listener({ data: copy })
          })
        }
      },
      addEventListener: (_type, listener) => port.listeners.add(listener),
      close() {
        port.alive = false
        ports.delete(port)
      },
    }
  }

  return {
    openTab() {
      const tab = { alive: true }
      const own: TabChannel[] = []
      let release = (): void => {}
      const died = new Promise<void>((resolve) => (release = resolve))
      return {
        locks: {
          async request(name, { signal }, held) {
            const before = queues.get(name) ?? Promise.resolve()
            const { promise, resolve } = Promise.withResolvers<void>()
            queues.set(
              name,
              before.then(() => promise),
            )
            try {
              await Promise.race([before, aborted(signal)])
              if (signal.aborted || !tab.alive) return
              await Promise.race([held(undefined), died])
            } finally {
              resolve()
            }
          },
        },
        openChannel(name) {
          const channel = openChannel(name, tab)
          own.push(channel)
          return channel
        },
        crash() {
          tab.alive = false
          for (const channel of own) channel.close()
          release()
        },
      }
    },
  }
}

/** Who waits for a lock can give up. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
