import { retryOperation, whenDrained, type Outbox } from '@freshet/core'

/** The writes of a table that are on their way, for a list the user can look at. */
export type TableOutbox = Pick<Outbox, 'queued' | 'subscribe' | 'onSettled' | 'discard'> & {
  /**
   * Sends one that failed again, and then what waits behind it; one that waits
   * for its next attempt, or behind one that does, is tried at once. Whether it could.
   */
  retry(operationId: string): Promise<boolean>
  /** Resolves when nothing is queued but what failed, and what waits behind that. */
  drained(): Promise<void>
}

export function tableOutbox(outbox: Outbox): TableOutbox {
  return {
    ...outbox,
    retry: (operationId) => retryOperation(outbox, operationId),
    drained: () => whenDrained(outbox),
  }
}
