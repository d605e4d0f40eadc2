import {
  createOutbox,
  mergeUnsent,
  openReplica,
  shareOutbox,
  storeTables,
  watchedStore,
  type Outbox,
  type OutboxOptions,
  type Store,
} from '@freshet/core'
import { createSeededRandom, createVirtualClock, toyTable } from '@freshet/core/testing'
import { createMemoryDisk } from '../../memory/memory-disk.ts'
import { openMemoryStore } from '../../memory/open-memory-store.ts'
import { createToyTarget, type ToyTarget } from './toy-target.ts'

const specs = [{ name: toyTable }]
const tables = storeTables(specs)
const backoff = { baseMs: 100, capMs: 100, jitter: 0 }

/**
 * An outbox over a toy remote, with all that a test looks at beside it. Opened again with the disk and the
 * remote of another one, it is the next run, or another tab.
 */
export async function setUp(
  options: Partial<OutboxOptions<never>> & {
    disk?: ReturnType<typeof createMemoryDisk>
    remote?: ToyTarget
    wrap?: (store: Store) => Store
    role?: 'leader' | 'follower'
  } = {},
) {
  const {
    disk = createMemoryDisk(),
    remote = createToyTarget(),
    wrap = (store: Store) => store,
    role,
    ...rest
  } = options
  const clock = createVirtualClock()
  const store = wrap(await openMemoryStore({ tables, disk }))
  const replica = await openReplica({ name: 'r', tables: specs, store, clock, role })
  const rows = replica.collection(toyTable)
  const outbox = createOutbox({
    replica,
    target: remote.target,
    store: watchedStore(store, replica.status),
    backoff,
    clock,
    random: createSeededRandom(1),
    merging: mergeUnsent,
    ...rest,
  })
  const tabs = shareOutbox(outbox, (error) => {
    throw error
  })
  const kept = () => store.range('$operations', {})
  const values = () => Object.fromEntries([...rows.entries()].map(([id, row]) => [id, row['value']]))
  return { clock, disk, store, replica, rows, remote, outbox, tabs, kept, values }
}

/** The queued operations, each with its state. */
export const states = (outbox: Outbox) =>
  outbox.queued().map(({ operation, state }) => [operation.operationId, state])
