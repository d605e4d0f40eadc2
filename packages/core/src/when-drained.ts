import type { Outbox } from './outbox.ts'
import { workOf } from './outbox-work.ts'

/** Resolves when nothing waits to be sent but for what failed, and what waits behind that. */
export async function whenDrained(outbox: Outbox): Promise<void> {
  const { byId, held } = workOf(outbox)
  const isWaiting = (): boolean => {
    const behind = held()
    return [...byId.values()].some((entry) => !behind.has(entry.into ?? entry))
  }
  while (isWaiting()) {
    await new Promise<void>((resolve) => {
      const off = outbox.subscribe(() => {
        off()
        resolve()
      })
    })
  }
}
