import {
  createReplica,
  silentLog,
  systemClock,
  systemRandom,
  wholeTable,
  sourceSide,
  type Replica,
  type RowFact,
  coverages,
} from '@freshet/core'
import type { ReactiveClientOptions, SyncWorkerOptions } from '../client/client-options.ts'
import { countOverlays } from '../client/count-overlays.ts'
import { openOverlays } from '../client/open-overlays.ts'
import type { WorldCore } from '../client/world-core.ts'
import { checkTable, tableSpecs, targetsOf, worldTables } from '../client/world-tables.ts'
import { buildManifestFingerprint } from '../schema/manifest.ts'
import type { ModelSchema } from '../schema/model-type.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createActiveTargets, tableOfTarget } from '../sync/sync-target.ts'
import type { RowBatch, SyncInit } from './messages.ts'
import { createSyncController, type RowTaker } from './sync-controller.ts'

/**
 * The replica of a world whose synchroniser and store are in a worker: rows come
 * over in batches, and pending changes lie over them here.
 */
export function openRemoteCore(options: ReactiveClientOptions, worker: SyncWorkerOptions): WorldCore {
  const { clock = systemClock, random = systemRandom, log = silentLog, maxRows, manifest } = options
  // What is wrong with them is said here, not by the worker.
  buildManifestFingerprint(manifest)
  const tables = worldTables(options)
  createActiveTargets(targetsOf(options), () => {})
  const world = canonicalFelt(options.worldAddress ?? manifest.world.address)
  const replica = createReplica({
    name: `torii:${world}`,
    tables: tableSpecs(tables),
    coverages,
    clock,
    log,
    maxRows,
  })
  const schemas = new Map<string, ModelSchema>()
  const rows = takeRows(replica, schemas)
  const controller = createSyncController({ worker, init: initOf(options, worker), clock, log, rows })
  const { ticks, errors, begin, request } = controller
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::torii::listener', String(error))
  const { guardPollMs, overlays, trace } = openOverlays(options, replica, clock, errors.emit, onListenerError)
  // Pending changes are known here alone.
  const counted = countOverlays(ticks, overlays, clock, onListenerError)
  return {
    replica,
    tables,
    indexes: options.indexes ?? {},
    schemas,
    overlays,
    guardPollMs,
    trace,
    status: counted,
    errors,
    get ready() {
      return controller.ready
    },
    // The worker does not tell what of it comes from the disk.
    loaded: controller.ready,
    clock,
    random,
    begin,
    pause: async () => void (await request({ ask: 'pause' })),
    // Starts the worker again where it has died; whether it can be reached shows in the status.
    resume: () => void request({ ask: 'resume' }).catch(() => {}),
    reset: async () => void (await request({ ask: 'reset' })),
    async addTarget(target) {
      checkTable(tables, tableOfTarget(target))
      await request({ ask: 'add-target', target })
    },
    removeTarget: async (table) => void (await request({ ask: 'remove-target', table })),
    prune: async () => void (await request({ ask: 'prune' })),
    async changedBy(model, entityId) {
      const hash = await request({ ask: 'changed-by', model, entityId }).catch(() => undefined)
      return typeof hash === 'string' ? hash : undefined
    },
    async firstWindow(model, query) {
      if (worker.database === undefined) return undefined
      const records = await request({ ask: 'first-window', model, query }).catch(() => undefined)
      return typeof records === 'string' ? undefined : records
    },
    async close() {
      overlays.close()
      await controller.close()
      counted.close()
      await replica.close()
    },
  }
}

/** What a worker is told of the options: those that are data. */
export function initOf(options: SyncInit, { database }: SyncWorkerOptions): SyncInit {
  const { toriiUrl, manifest, worldAddress, models, targets, indexes } = options
  const { pageSize, reconcileMs, silenceMs, pollMs, stallMs, backoff, maxRows, backPressure } = options
  return {
    ...{ toriiUrl, manifest, worldAddress, models, targets, indexes, database },
    ...{ pageSize, reconcileMs, silenceMs, pollMs, stallMs, backoff, maxRows, backPressure },
  }
}

function takeRows(replica: Replica, schemas: Map<string, ModelSchema>): RowTaker {
  return {
    // What a worker before this one has sent is not known to be true any more until it is sent again.
    started: () => void sourceSide(replica).beginEpoch(),
    take(message) {
      if (message.kind === 'ROWS') return takeBatch(replica, message)
      for (const schema of message.schemas) schemas.set(schema.tag, schema)
    },
  }
}

function takeBatch(replica: Replica, { reset, changes, complete }: RowBatch): void {
  if (reset) sourceSide(replica).reset()
  const facts = changes.flatMap(({ table, ids, rows }) =>
    ids.map((id, at): RowFact => {
      const row = rows[at]
      return row ? { kind: 'put', table, id, row } : { kind: 'delete', table, id }
    }),
  )
  const covers = Object.entries(complete).map(([table, whole]) => ({
    table,
    key: wholeTable,
    complete: whole,
  }))
  replica.apply({ kind: 'state', startedAt: 'live', facts, covers })
}
