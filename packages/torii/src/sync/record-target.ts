import { delay, FreshetError, isRecord, type Clock, type Page, type RowFact } from '@freshet/core'
import type { RecordFilter, RecordPage } from '../wire/record-calls.ts'
import type { RecordKind, ToriiRecord } from '../wire/record-rows.ts'
import type { ReactiveToriiClient } from '../wire/torii-client.ts'
import { readFitting } from './read-fitting.ts'
import { filterOf, type RecordTarget } from './sync-target.ts'

/** One page of a target's records. */
export async function recordPage(
  client: ReactiveToriiClient,
  target: RecordTarget,
  cursor: string | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<Page> {
  const { records, next } = await readPage(client, target.kind, filterOf(target), cursor, limit, signal)
  return { facts: records.map((record) => putOf(target.kind, record)), ...(next !== undefined && { next }) }
}

/** Records by id: a put for each that exists, a deletion for each that does not. */
export async function recordsById(
  client: ReactiveToriiClient,
  target: RecordTarget,
  ids: readonly string[],
  limit: number,
  signal: AbortSignal,
): Promise<readonly RowFact[]> {
  const { kind } = target
  const wanted = new Set(ids)
  const found = new Map<string, ToriiRecord>()
  for await (const records of allRecords(client, kind, filterOfIds(kind, ids), limit, signal)) {
    for (const record of records)
      if (wanted.has(record.id) && isMeant(target, record)) found.set(record.id, record)
  }
  return ids.map((id) => {
    const record = found.get(id)
    return record ? putOf(kind, record) : { kind: 'delete', table: kind, id }
  })
}

/** All records as they are now. */
export async function* everyRecord(
  client: ReactiveToriiClient,
  target: RecordTarget,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<readonly RowFact[]> {
  for await (const records of allRecords(client, target.kind, filterOf(target), limit, signal))
    yield records.map((record) => putOf(target.kind, record))
}

/**
 * Hears records as they change; those that the server does not push are asked
 * for from time to time. Resolves `stands` once nothing can be missed any more.
 *
 * @returns Never: rejects when the subscription ends.
 */
export async function hearRecords(options: {
  readonly client: ReactiveToriiClient
  readonly target: RecordTarget
  readonly clock: Clock
  readonly pollMs: number
  readonly pageRows: number
  readonly signal: AbortSignal
  stands(): void
  put(facts: readonly RowFact[]): void
}): Promise<never> {
  const { client, target, clock, signal, put } = options
  const { kind } = target
  const pushes = client.subscribeRecords(kind, filterOf(target), signal)
  // Of transactions, the server does not say when the subscription stands.
  if (!pushes || kind === 'transactions') options.stands()
  if (!pushes) {
    for (;;) {
      await delay(clock, options.pollMs, signal)
      signal.throwIfAborted()
      for await (const records of allRecords(client, kind, filterOf(target), options.pageRows, signal))
        put(records.map((record) => putOf(kind, record)))
    }
  }
  for await (const push of pushes) {
    if (push.kind === 'subscribed') options.stands()
    else if (isMeant(target, push.record)) put([putOf(kind, push.record)])
  }
  throw new FreshetError({
    code: 'torii/stream-ended',
    kind: 'remote',
    retryable: true,
    message: `The server ended the subscription to ${kind}. It is opened again, and what was missed is read.`,
  })
}

/** Servers differ in what they filter, and filters change; one record too many would never be taken away. */
function isMeant({ contracts, accounts }: RecordTarget, { row }: ToriiRecord): boolean {
  const calls = Array.isArray(row['calls']) ? row['calls'].filter(isRecord) : [row]
  const holds = (members: readonly string[], wanted: readonly string[] = []): boolean =>
    wanted.length === 0 ||
    calls.some((call) =>
      members.some((member) => {
        const value = call[member]
        return typeof value === 'string' && wanted.some((felt) => same(felt, value))
      }),
    )
  return holds(['contractAddress'], contracts) && holds(['accountAddress', 'callerAddress'], accounts)
}

function same(felt: string, canonical: string): boolean {
  return BigInt(felt) === BigInt(canonical)
}

async function* allRecords(
  client: ReactiveToriiClient,
  kind: RecordKind,
  filter: RecordFilter,
  limit: number,
  signal: AbortSignal,
): AsyncGenerator<readonly ToriiRecord[]> {
  const seen = new Set<string>()
  let cursor: string | undefined
  do {
    const page = await readPage(client, kind, filter, cursor, limit, signal)
    yield page.records
    cursor = page.next
    if (cursor !== undefined && seen.has(cursor)) throw endless(kind)
    if (cursor !== undefined) seen.add(cursor)
  } while (cursor !== undefined)
}

function readPage(
  client: ReactiveToriiClient,
  kind: RecordKind,
  filter: RecordFilter,
  cursor: string | undefined,
  limit: number,
  signal: AbortSignal,
): Promise<RecordPage> {
  return readFitting(limit, (rows) => client.records(kind, { filter, limit: rows, cursor }, signal))
}

/** A question that these ids answer; others may too. */
function filterOfIds(kind: RecordKind, ids: readonly string[]): RecordFilter {
  const parts = ids.map((id) => id.split(':'))
  const at = (place: number): readonly string[] => [
    ...new Set(parts.flatMap((part) => (part[place] === undefined ? [] : [part[place]]))),
  ]
  const allHave = (place: number): boolean => parts.every((part) => part.length > place)
  switch (kind) {
    case 'tokens':
      return { contracts: at(0), ...(allHave(1) && { tokenIds: at(1) }) }
    case 'tokenBalances':
      return { accounts: at(0), contracts: at(1), ...(allHave(2) && { tokenIds: at(2) }) }
    case 'tokenContracts':
    case 'contracts':
      return { contracts: at(0) }
    case 'transactions':
      return { hashes: at(0) }
  }
}

function putOf(table: RecordKind, { id, row }: ToriiRecord): RowFact {
  return { kind: 'put', table, id, row }
}

function endless(kind: RecordKind): FreshetError {
  return new FreshetError({
    code: 'torii/endless-pages',
    kind: 'protocol',
    message: `The server gave the same next page of ${kind} twice; its paging is broken. Leave ${kind} out.`,
  })
}
