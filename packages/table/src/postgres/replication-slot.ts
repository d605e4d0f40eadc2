import { createHash, randomUUID } from 'node:crypto'
import { delay, FreshetError, type Clock } from '@freshet/core'
import { clientConfig, createPostgresConnection, type Run } from './postgres-connection.ts'
import { sqlState } from './postgres-errors.ts'
import { quote } from './postgres-catalog.ts'
import { parseLsn } from './lsn.ts'
import type { ReplicationConnection } from './replication-connection.ts'

/** What PostgreSQL says of a slot. */
type SlotState = {
  /** The place before which it has let go of all. */
  readonly confirmed: bigint
  readonly isActive: boolean
  /** The server has thrown away what the slot was to keep. */
  readonly isLost: boolean
}

/** Most bytes that a name may have in PostgreSQL. */
const maxName = 63

/**
 * The name of the slot that keeps the changes of one table for one replica:
 * `SLOT_TABLE`, with a hash where the table's name does not fit into one.
 *
 * @param slot - The name of the replica, as it was given to `openPostgresDatabase`.
 */
export function slotName(slot: string, table: string): string {
  const plain = table.toLowerCase().replace(/[^a-z0-9_]/g, '_')
  const name = `${slot}_${plain}`
  if (plain === table && name.length <= maxName) return name
  const hash = createHash('sha256').update(table).digest('hex').slice(0, 8)
  return `${name.slice(0, maxName - 9)}_${hash}`
}

/**
 * Drops the slot that keeps the changes of one table for one replica, which is
 * then to be done when the replica is given up: until then the server keeps its
 * log for it, and its disk fills. `max_slot_wal_keep_size` bounds that.
 *
 * @param options.slot - The name of the replica, as it was given to `openPostgresDatabase`.
 * @returns Whether there was one.
 * @throws {FreshetError} `postgres/slot-in-use`: a replica is connected to it. Stop it first.
 */
export async function dropReplicationSlot(options: {
  readonly url: string
  readonly slot: string
  readonly table: string
  readonly password?: string | undefined
}): Promise<boolean> {
  const timeoutMs = 30_000
  const connection = createPostgresConnection(
    clientConfig(options.url, options.password, timeoutMs),
    timeoutMs,
    1,
  )
  const name = slotName(options.slot, options.table)
  try {
    const dropped = await connection.rows({
      text: 'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
      values: [name],
    })
    return dropped.length > 0
  } catch (error) {
    throw isInUse(error) ? slotInUse(name, error) : error
  } finally {
    await connection.close()
  }
}

/** @throws {FreshetError} `postgres/bad-slot`. */
export function assertSlotName(slot: string): void {
  if (/^[a-z0-9_]{1,40}$/.test(slot)) return
  throw new FreshetError({
    code: 'postgres/bad-slot',
    kind: 'usage',
    message: `${JSON.stringify(slot)} is no name for replication slots. Use up to 40 small letters, digits and underscores.`,
  })
}

/** Where a stream begins: after what the replica has, or now. */
export type SlotStart = { readonly kind: 'resumed' | 'fresh'; readonly name: string; readonly from: bigint }

/**
 * Makes the slot ready to stream: the one that is there goes on from `from`;
 * where it cannot, it is made anew, and all that was before has to be read.
 *
 * @param slot - The slot's name; without one it lasts as long as the connection.
 * @param from - The place that the replica has reached; absent where it starts from nothing.
 * @throws {FreshetError} `postgres/slot-lost`, retryable: the replica has a place and the slot is gone.
 *   It is made anew, so that the next attempt reads everything. `postgres/slot-in-use`, retryable.
 */
export async function prepareSlot(options: {
  readonly stream: ReplicationConnection
  readonly run: Run
  readonly slot: string | undefined
  readonly from: bigint | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<SlotStart> {
  const { stream, run, slot, from } = options
  if (slot === undefined)
    return createSlot(stream, `freshet_${randomUUID().replaceAll('-', '')}`, 'TEMPORARY ')
  const state = await releasedSlot(options, slot)
  if (state !== undefined && !state.isLost && from !== undefined && state.confirmed <= from) {
    return { kind: 'resumed', name: slot, from }
  }
  if (state !== undefined) {
    await run({ text: 'SELECT pg_drop_replication_slot($1)', values: [slot] }).catch((error: unknown) => {
      throw isInUse(error) ? slotInUse(slot, error) : error
    })
  }
  const fresh = await createSlot(stream, slot, '')
  if (from !== undefined && (state === undefined || state.isLost)) throw slotLost(slot)
  return fresh
}

/** How long a slot may still be held by a connection that has just been lost. */
const releaseMs = 15_000
const lookEveryMs = 50

/** The slot once no one streams from it: a connection that was killed is noticed a little later. */
async function releasedSlot(
  { run, clock, signal }: { readonly run: Run; readonly clock: Clock; readonly signal: AbortSignal },
  slot: string,
): Promise<SlotState | undefined> {
  const until = clock.now() + releaseMs
  for (;;) {
    const state = await readSlot(run, slot)
    if (state?.isActive !== true) return state
    if (clock.now() >= until || signal.aborted) throw slotInUse(slot, undefined)
    await delay(clock, lookEveryMs, signal)
  }
}

async function readSlot(run: Run, slot: string): Promise<SlotState | undefined> {
  const [row] = await run({
    text: `SELECT confirmed_flush_lsn, active, wal_status = 'lost',
                  plugin = 'pgoutput' AND database = current_database()
           FROM pg_replication_slots WHERE slot_name = $1`,
    values: [slot],
  })
  if (row === undefined) return undefined
  const [confirmed, active, lost, isOurs] = row
  if (isOurs !== 't') throw slotTaken(slot)
  return { confirmed: parseLsn(confirmed ?? '') ?? 0n, isActive: active === 't', isLost: lost !== 'f' }
}

async function createSlot(
  stream: ReplicationConnection,
  name: string,
  duration: 'TEMPORARY ' | '',
): Promise<SlotStart> {
  const [made] = await stream.command(
    `CREATE_REPLICATION_SLOT ${quote(name)} ${duration}LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
  )
  return { kind: 'fresh', name, from: parseLsn(made?.['consistent_point'] ?? '') ?? 0n }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && sqlState(error.cause) === '55006'
}

function slotInUse(name: string, cause: unknown): FreshetError {
  return new FreshetError({
    code: 'postgres/slot-in-use',
    kind: 'remote',
    retryable: true,
    message: `The replication slot ${name} is in use by another connection. Give each replica a slot name of its own.`,
    cause,
  })
}

/** The slots of all databases of a server share one space of names. */
function slotTaken(name: string): FreshetError {
  return new FreshetError({
    code: 'postgres/slot-taken',
    kind: 'usage',
    message: `The replication slot ${name} belongs to another database of this server, or to another program. Choose another slot name.`,
  })
}

function slotLost(name: string): FreshetError {
  return new FreshetError({
    code: 'postgres/slot-lost',
    kind: 'remote',
    retryable: true,
    message: `The replication slot ${name} is gone, and with it the changes it kept: it was dropped, or the server let go of it (max_slot_wal_keep_size). It was made anew, and everything is read again.`,
  })
}
