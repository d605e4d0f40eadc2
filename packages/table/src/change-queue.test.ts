import { expect, test } from 'vitest'
import { createChangeQueue, maxQueuedChanges, type ChangeQueue } from './change-queue.ts'

test('[TB33] a watcher too far behind is ended with an error, and the queue is let go', async () => {
  const queues = new Set<ChangeQueue>()
  const { changes } = createChangeQueue(new AbortController().signal, (queue) => {
    queues.add(queue)
    return () => queues.delete(queue)
  })
  const [queue] = queues
  for (let change = 0; change <= maxQueuedChanges; change++) queue?.push({ kind: 'touched', id: 'marty' })
  expect(queues.size).toBe(0)
  await expect(changes[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'table/watch-overflow' })
})

test('[TB24] changes queued before a clean end are still taken', async () => {
  const { push, end, changes } = createChangeQueue(new AbortController().signal, () => () => {})
  push({ kind: 'live' })
  push({ kind: 'touched', id: 'marty' })
  end()
  push({ kind: 'touched', id: 'too late' })
  const taken = []
  for await (const change of changes) taken.push(change)
  expect(taken).toEqual([{ kind: 'live' }, { kind: 'touched', id: 'marty' }])
})
