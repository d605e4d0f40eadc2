import { createReplica, noTelemetry, type Replica, type StateBatch, type Telemetry } from '@freshet/core'
import { liveQuery, type BenchItem, type Change } from './workload.ts'

/** Our side of the comparison: everything goes through `replica.apply`, in memory, with one live query open. */
export class ReplicaSubject {
  readonly #replica: Replica
  readonly #telemetry: Telemetry
  readonly #collection

  constructor(
    callback: (window: readonly BenchItem[]) => void,
    replica: Replica = createReplica(benchReplica),
    telemetry: Telemetry = noTelemetry,
  ) {
    this.#replica = replica
    this.#telemetry = telemetry
    this.#collection = this.#replica.collection('items')
    // The workload's rows are what this replica is given.
    this.#collection.view(liveQuery).subscribe(({ rows }) => callback(rows as readonly BenchItem[]))
  }

  get collection() {
    return this.#collection
  }

  apply(batch: StateBatch): void {
    if (this.#telemetry === noTelemetry) return void this.#replica.apply(batch)
    // As a live table does for each event.
    const span = this.#telemetry.span('freshet.table.event', { cache_key: 'bench', kind: 'upsert' })
    this.#replica.apply(batch)
    span.end()
  }

  layer(operationId: string, id: string, set: { readonly score: number; readonly status: string }): void {
    this.#replica.addLayer({ table: 'items', id, operationId, edit: { kind: 'patch', set } })
  }

  rollback(operationId: string): void {
    this.#replica.dropLayer(operationId)
  }
}

export const benchReplica = { name: 'bench', tables: [{ name: 'items' }] } as const

/** A batch as a source hands it over. */
export function batchOf(changes: readonly Change[]): StateBatch {
  return {
    kind: 'state',
    startedAt: 'live',
    facts: changes.map(({ id, row }) => ({ kind: 'put', table: 'items', id, row })),
  }
}
