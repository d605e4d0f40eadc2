export { canonicalFelt, feltPrime } from './values/felt.ts'
export { entityIdOf } from './values/entity-id.ts'
export { modelSelector, parseModelTag, type ModelTag } from './values/model-tag.ts'
export { poseidonHash } from './values/poseidon.ts'
export type { ModelMember, ModelOption, ModelSchema, ModelType, Scalar } from './schema/model-type.ts'
export {
  buildManifestFingerprint,
  computeManifestHash,
  computeSchemaHash,
  manifestOfWorld,
  type Manifest,
  type ManifestFingerprint,
  type ManifestMember,
  type ManifestModel,
} from './schema/manifest.ts'
export { parseServerVersion, type ServerVersion } from './schema/server-version.ts'
export type { Fetch } from './wire/grpc-web.ts'
export {
  createToriiClient,
  type EntityKind,
  type EntityPage,
  type EntityPush,
  type IndexedWorld,
  type ReactiveToriiClient,
  type ToriiClientOptions,
  type ToriiContract,
  type WorldModels,
} from './wire/torii-client.ts'
export type { RecordFilter, RecordPage, RecordPush } from './wire/record-calls.ts'
export type {
  ContractRow,
  ContractType,
  RecordKind,
  RecordRows,
  TokenBalanceRow,
  TokenContractRow,
  TokenRow,
  ToriiRecord,
  TransactionRow,
} from './wire/record-rows.ts'
export type { ActiveTargets, RecordTarget, SyncTarget } from './sync/sync-target.ts'
export type { ToriiEntity } from './wire/messages.ts'
export type { ModelMembers } from './wire/read-value.ts'
export { createReactiveClient } from './client/reactive-client.ts'
export type { MutateOptions, ReactiveClient } from './client/reactive-client.ts'
export type { EntityUpdate, SubscribeOptions } from './client/subscribe-rows.ts'
export type {
  BackPressure,
  OverlayOptions,
  ReactiveClientOptions,
  SyncWorkerOptions,
} from './client/client-options.ts'
export type { EntityFilter, MemberCondition } from './client/entity-filter.ts'
export type { QueryOptions, QueryResult } from './client/entity-query.ts'
export type { EntitySelector } from './client/selector.ts'
export type { Guard, OverlayHandle, OverlayOutcome, OverlayRequest } from './client/overlays.ts'
export type { Pace } from './client/paced.ts'
export type { ModelStatus, ModelTick, OverallState, SyncTick } from './client/sync-tick.ts'
export type { SyncStatus } from './client/sync-status.ts'
export type { ErrorStream } from './client/error-stream.ts'
export {
  OverlayTimeoutError,
  SchemaMismatchError,
  SyncFatalError,
  TargetQuarantinedError,
  ToriiEpochChangedError,
  ToriiVersionChangedError,
  type ReactiveError,
} from './client/errors.ts'
export { createToriiSource, type ServerIdentity, type ToriiSourceOptions } from './sync/torii-source.ts'
export type { Pulse } from './sync/heartbeat.ts'
export type { Members, RowOf, Selected, TagOf, WorldSchema } from './client/world-schema.ts'
export { createSyncWorker, type SyncWorker } from './worker/create-sync-worker.ts'
export type { FromSyncWorker, SyncInit, SyncRequest, ToSyncWorker } from './worker/messages.ts'
export type { BrowserThread, NodeThread } from './worker/sync-port.ts'
export { listTokens, selectComponent, selectEntity, selectMany } from './client/selectors.ts'
export {
  createDojoClient,
  type DojoGrpcClient,
  type DojoMessage,
  type DojoQuery,
} from './dojo/dojo-client.ts'
export type { DojoClause, DojoKeys, DojoMember, DojoMemberValue } from './dojo/dojo-clause.ts'
export type { DojoPage, DojoPagination } from './dojo/dojo-page.ts'
export type { DojoSubscription } from './dojo/dojo-subscriptions.ts'
export type { DojoToken, DojoTokenBalance, DojoTokenContract, DojoTokenFilter } from './dojo/dojo-tokens.ts'
export type { DojoMembers, DojoTy, DojoTyValue } from './dojo/dojo-values.ts'
export { feedDojoStore, type DojoEntity, type DojoStore } from './client/feed-dojo-store.ts'
export type { TransactionOutcome } from './client/follow-transaction.ts'
export type { OverlayTrace } from './client/trace-overlays.ts'
export type { ReservedStorage } from './client/reserved-storage.ts'
