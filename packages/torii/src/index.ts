export { canonicalFelt, feltPrime } from './values/felt.ts'
export { entityIdOf } from './values/entity-id.ts'
export { modelSelector, parseModelTag, type ModelTag } from './values/model-tag.ts'
export { poseidonHash } from './values/poseidon.ts'
export type { ModelMember, ModelOption, ModelSchema, ModelType, Scalar } from './schema/model-type.ts'
export {
  buildManifestFingerprint,
  computeManifestHash,
  computeSchemaHash,
  type Manifest,
  type ManifestFingerprint,
  type ManifestMember,
  type ManifestModel,
} from './schema/manifest.ts'
export { parseServerVersion, type ServerVersion } from './schema/server-version.ts'
export type { Fetch } from './wire/grpc-web.ts'
export {
  createToriiClient,
  type EntityPage,
  type EntityPush,
  type ReactiveToriiClient,
  type ToriiClientOptions,
} from './wire/torii-client.ts'
export type { ToriiContract, ToriiEntity } from './wire/messages.ts'
export type { ModelMembers } from './wire/read-value.ts'
