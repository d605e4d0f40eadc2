import { createSync, wholeTable, type Clock, type Replica, type Sync, type SyncOptions } from '@freshet/core'
import { computeManifestHash } from '../schema/manifest.ts'
import type { ModelSchema } from '../schema/model-type.ts'
import { readCheckpoint } from '../sync/checkpoint.ts'
import type { ActiveTargets } from '../sync/sync-target.ts'
import { allToriiRules } from '../sync/torii-rules.ts'
import { createToriiSource } from '../sync/torii-source.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createToriiClient } from '../wire/torii-client.ts'
import { toriiBackoff, type ReactiveClientOptions } from './client-options.ts'
import { SchemaMismatchError, type ReactiveError } from './errors.ts'
import { judgeServer } from './judge-server.ts'
import type { SyncStatus } from './sync-status.ts'
import { worldTables } from './world-tables.ts'

/** What a synchroniser of a world works with. */
type SyncParts = Settings & {
  readonly targets: ActiveTargets
  readonly clock: Clock
  readonly replica: Replica
  readonly status: SyncStatus
  readonly schemas: Map<string, ModelSchema>
  readonly errors: { emit(error: ReactiveError): void }
}

type Settings = ReturnType<typeof settingsOf>

/** The sync loop of the kernel over a world, which waits where the rows are those of another manifest. */
export function createWorldSync(options: ReactiveClientOptions, parts: SyncParts): Sync {
  const { replica, targets, manifestHash, errors } = parts
  const sync = createSync({
    ...syncOptions(options, parts),
    replica,
    source: worldSource(options, parts),
    // Read by each connection when it begins.
    get whole() {
      return [...targets.tables]
    },
  })
  return guarded(sync, { replica, targets, manifestHash, emit: errors.emit })
}

/** The options with nothing left out, checked. */
export function settingsOf(options: ReactiveClientOptions) {
  const { manifest, toriiUrl, fetch } = options
  // Checks the manifest as well.
  const manifestHash = computeManifestHash(manifest)
  return {
    manifestHash,
    world: canonicalFelt(options.worldAddress ?? manifest.world.address),
    tables: worldTables(options),
    client: options.client ?? createToriiClient({ toriiUrl, fetch }),
    pageRows: options.pageSize ?? 1_000,
    reconcileMs: options.reconcileMs ?? 600_000,
  }
}

function syncOptions(
  { clock, random, log, telemetry, stallMs, rules, backoff = toriiBackoff }: ReactiveClientOptions,
  { pageRows, reconcileMs }: Settings,
): Omit<SyncOptions<never>, 'replica' | 'source' | 'whole'> {
  return { clock, random, log, telemetry, stallMs, backoff, pageRows, reconcileMs, rules: rules?.kernel }
}

function worldSource(
  { silenceMs = 45_000, pollMs = 60_000, backPressure, rules }: ReactiveClientOptions,
  parts: SyncParts,
) {
  const { client, world, targets, manifestHash, pageRows, clock, replica, status, schemas, errors } = parts
  return createToriiSource({
    client,
    world,
    targets,
    manifestHash,
    clock,
    pageRows,
    silenceMs,
    pollMs,
    maxQueued: backPressure?.maxQueued ?? 50_000,
    rules: rules?.torii ?? allToriiRules,
    stored: () => replica.checkpoint,
    *heldIds(table) {
      const collection = replica.collection(table)
      for (const id of collection.ids()) if (collection.confirmed(id) !== undefined) yield id
    },
    held: (table, id) => replica.collection(table).confirmed(id),
    isWhole: (table) => replica.coverages.get(table, wholeTable)?.complete === true,
    onIdentity(identity, checkpoint) {
      for (const schema of identity.schemas) schemas.set(schema.tag, schema)
      judgeServer(identity, checkpoint, errors.emit)
    },
    onPulse: status.pulsed,
    onRows: status.rowsRead,
  })
}

/** A sync that does not start on rows of another manifest: they stay readable until a reset. */
function guarded(
  sync: Sync,
  {
    replica,
    targets,
    manifestHash,
    emit,
  }: {
    readonly replica: Replica
    readonly targets: ActiveTargets
    readonly manifestHash: string
    emit(error: ReactiveError): void
  },
): Sync {
  return {
    ...sync,
    start() {
      const storedUnder = readCheckpoint(replica.checkpoint)?.manifestHash ?? manifestHash
      // What could not be read is tried again.
      targets.release()
      if (storedUnder === manifestHash) return sync.start()
      const error = new SchemaMismatchError('The manifest is another one', manifestHash, storedUnder)
      emit(error)
      replica.status.update({ state: 'halted', freshness: { lastError: error } })
    },
  }
}
