import { RecordId, Table, Uuid, type LiveSubscription, type Surreal } from 'surrealdb'
import { createChangeQueue, type ChangeQueue } from '../change-queue.ts'
import { unreachable } from '../master-errors.ts'
import type { MasterChange } from '../master.ts'
import type { SurrealConnection } from './surreal-connection.ts'
import { surrealToError } from './surreal-errors.ts'
import { recordIdToText } from './surreal-record-id.ts'

/**
 * Changes of a whole table, by a live query.
 *
 * Only names the rows that changed: SurrealDB 3.0 delivers notifications of one
 * row out of order (an UPDATE after the DELETE that followed it), so the rows
 * they carry cannot be trusted. The whole table is watched, because a row that
 * leaves the filter of a live query is not reported (surrealdb#2912).
 */
export function watchSurrealTable(
  table: string,
  connection: SurrealConnection,
  signal: AbortSignal,
): AsyncIterable<MasterChange> {
  const { changes } = createChangeQueue(signal, (queue) => {
    let live: LiveSubscription | undefined
    let isOver = false
    const forget = connection.onLost((error) => queue.end(surrealToError(error)))
    const kill = (subscription: LiveSubscription): void => {
      subscription.kill().catch(() => {})
    }
    connection
      .use((client) => subscribe(client, table), signal)
      .then(async (subscription) => {
        live = subscription
        if (isOver) kill(subscription)
        else await forward(subscription, queue)
      })
      .catch((error: unknown) => queue.end(surrealToError(error)))
    return () => {
      isOver = true
      forget()
      if (live !== undefined) kill(live)
    }
  })
  return changes
}

async function subscribe(client: Surreal, table: string): Promise<LiveSubscription> {
  const [id] = await client
    .query('LIVE SELECT id FROM $table', { table: new Table(table) })
    .collect<[unknown]>()
  if (!(id instanceof Uuid)) throw new TypeError('SurrealDB returned no id for a live query.')
  return client.liveOf(id)
}

async function forward(subscription: LiveSubscription, queue: ChangeQueue): Promise<void> {
  const messages = subscription[Symbol.asyncIterator]()
  queue.push({ kind: 'live' })
  for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
    if (next.value.action === 'KILLED') break
    const { recordId } = next.value
    if (recordId instanceof RecordId) queue.push({ kind: 'touched', id: recordIdToText(recordId) })
    else queue.push({ kind: 'invalidated' })
  }
  queue.end(unreachable('SurrealDB ended the live query. Watch again and read the table anew.'))
}
