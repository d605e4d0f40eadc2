import type {
  Backoff,
  Clock,
  Log,
  Random,
  Store,
  StoreTable,
  TabEnvironment,
  Telemetry,
  ReplicaOptions,
} from '@freshet/core'
import type { Manifest } from '../schema/manifest.ts'
import type { SyncTarget } from '../sync/sync-target.ts'
import type { ToriiRules } from '../sync/torii-rules.ts'
import type { Fetch } from '../wire/grpc-web.ts'
import type { BrowserThread, NodeThread } from '../worker/sync-port.ts'
import type { ReactiveToriiClient } from '../wire/torii-client.ts'

export type ReactiveClientOptions = {
  /** Such as `http://127.0.0.1:8080`. */
  readonly toriiUrl: string
  readonly manifest: Manifest
  /** Default: the manifest's. */
  readonly worldAddress?: string | undefined
  /** Tags such as `ns-Position`. Default: all models of the manifest. */
  readonly models?: readonly string[] | undefined
  /**
   * What is synchronised besides the models: event messages, tokens, balances, contracts, transactions. Default
   * nothing. `addTarget` adds more while it runs.
   */
  readonly targets?: readonly SyncTarget[] | undefined
  /** Opens the durable copy with these tables; the client closes it. Default: memory alone. */
  readonly storageFactory?: ((tables: readonly StoreTable[]) => Promise<Store>) | undefined
  /**
   * Whether the client is given when all that is on the disk is in memory, or at once, with the rows coming
   * `behind`: then a subscription with a `limit` shows its first rows straight from the disk, and `query` has
   * all of them with `ready`. Default `before`; with `worker` it is always `behind`.
   */
  readonly loading?: 'before' | 'behind' | undefined
  readonly overlayOptions?: OverlayOptions | undefined
  /** The tabs that share the store: one synchronises, the others follow. Needs `storageFactory`. */
  readonly tabs?: TabEnvironment | undefined
  /**
   * A worker or thread that synchronises and keeps the durable copy, so that this thread does neither. It has
   * a store and tabs of its own: not with `storageFactory`, `tabs`, `client` or `fetch`.
   */
  readonly worker?: SyncWorkerOptions | undefined
  /**
   * Secondary indexes of models, each a list of member paths. In memory the first path serves `eq` and `in`
   * without looking at other entities; on the disk, what is shown first after a reload in the order of the
   * paths need not wait until everything is loaded.
   */
  readonly indexes?: { readonly [model: string]: readonly (readonly string[])[] } | undefined
  /** Entities asked for in one page. Default 1,000. */
  readonly pageSize?: number | undefined
  /** How often everything is compared with the server. Default 600,000. */
  readonly reconcileMs?: number | undefined
  /** How long the indexer's heartbeat may be silent before the connection is doubted. Default 45,000. */
  readonly silenceMs?: number | undefined
  /** How often records that the server does not push, such as token contracts, are asked for. Default 60,000. */
  readonly pollMs?: number | undefined
  /** How long a request, or a subscription that does not stand yet, may say nothing. Default 60,000. */
  readonly stallMs?: number | undefined
  /** Default 2 s to 60 s, ±10 %. */
  readonly backoff?: Backoff | undefined
  /** Entities of one model before the client refuses more. Default 1,000,000. */
  readonly maxRows?: number | undefined
  readonly backPressure?: BackPressure | undefined
  /** Another transport. Default: gRPC-web to `toriiUrl`. */
  readonly client?: ReactiveToriiClient | undefined
  readonly fetch?: Fetch | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  readonly log?: Log | undefined
  readonly telemetry?: Telemetry | undefined
  /** Only for convergence runs. */
  readonly rules?:
    | { readonly torii: ToriiRules; readonly kernel: ReplicaOptions<unknown>['rules'] }
    | undefined
}

export type SyncWorkerOptions = {
  /**
   * Starts it, and starts it again after it has died. In a browser, `new Worker(new
   * URL('@freshet/torii/sync.browser.worker', import.meta.url), { type: 'module' })`; on Node `new
   * Worker(new URL(import.meta.resolve('@freshet/torii/sync.node.worker')))`.
   */
  start(): BrowserThread | NodeThread
  /** Name of the IndexedDB database, or path of the SQLite file. Default: memory alone. */
  readonly database?: string | undefined
}

/** How far what is read may lead what is taken in. */
export type BackPressure = {
  /** Records in memory and not yet on the disk before the server is not asked for more. Default 20,000. */
  readonly maxBacklog?: number | undefined
  /** Pushed messages that wait to be applied before the connection is given up and the gap read. Default 50,000. */
  readonly maxQueued?: number | undefined
}

export type OverlayOptions = {
  /** How long a change may be pending. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** How often guards are asked though no row has changed. Default 500. */
  readonly guardPollIntervalMs?: number | undefined
}

export const toriiBackoff: Backoff = { baseMs: 2_000, capMs: 60_000, jitter: 0.1 }
