import type { Outbox } from './outbox.ts'
import { workOf } from './outbox-work.ts'

/**
 * Sends an operation that failed again, and then what waits behind it; one that
 * waits for its next attempt, or behind one that does, is tried at once [W10].
 *
 * @returns Whether it could.
 */
export async function retryOperation(outbox: Outbox, operationId: string): Promise<boolean> {
  const { replica, elsewhere, pauses, find, held, setState, show, rewrite, changed, pump } = workOf(outbox)
  const follows = (): boolean => replica.status.get().role === 'follower'
  const entry = find(operationId)
  if (!entry || entry.ended) return false
  // The leader may be sending it.
  if (follows() && !(entry.noted && (await elsewhere?.ask('retry', operationId)))) return false
  if (!entry.failure) {
    const pausing = held().has(entry) ? undefined : pauses.get(entry.operation.group)
    pausing?.abort()
    return follows() || pausing !== undefined
  }
  // Whether it was taken is looked for first, where that can be told.
  setState(entry, entry.failure.kind === 'unknown' && !entry.operation.once ? 'unsure' : 'queued')
  entry.sent = false
  show(entry)
  await (follows() ? entry.writing : rewrite(entry))
  changed()
  pump()
  return true
}
