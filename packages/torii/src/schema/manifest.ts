import { sha256 } from '@noble/hashes/sha2.js'
import { FreshetError } from '@freshet/core'
import { canonicalFelt, hexOf } from '../values/felt.ts'
import type { ModelSchema } from './model-type.ts'
import { typeToJson } from './schema-json.ts'

/** A member as a manifest names it; its type is a Cairo path. */
export type ManifestMember = { readonly name: string; readonly type: string; readonly key: boolean }

export type ManifestModel = {
  readonly tag: string
  readonly selector: string
  readonly class_hash: string
  /** Empty in manifests of some versions of the tools: the schema then comes from the server alone. */
  readonly members?: readonly ManifestMember[] | undefined
}

/** What is looked at of a Dojo manifest; everything else in it is passed over. */
export type Manifest = {
  readonly world: { readonly address: string }
  readonly models: readonly ManifestModel[]
  readonly events?: readonly ManifestModel[] | undefined
}

/** What of a manifest decides whether stored rows still mean the same. Plain data. */
export type ManifestFingerprint = {
  readonly world: string
  readonly models: readonly {
    readonly selector: string
    readonly tag: string
    readonly classHash: string
    /** Absent where the manifest tells none. */
    readonly members?: readonly ManifestMember[]
  }[]
}

/** The manifest of a world as far as its Torii tells it, for a host that has none. */
export function manifestOfWorld(world: {
  readonly address: string
  readonly models: readonly { readonly tag: string; readonly selector: string; readonly classHash: string }[]
}): Manifest {
  const models = world.models.map(({ tag, selector, classHash }) => ({
    tag,
    selector,
    class_hash: classHash,
  }))
  return { world: { address: world.address }, models }
}

/**
 * The canonical part of a manifest: world address, models and events by
 * selector, hexadecimal normalised. Abi, seed, order and contracts do not count.
 *
 * @throws {FreshetError} `torii/bad-manifest`: not a Dojo manifest.
 */
export function buildManifestFingerprint(manifest: Manifest): ManifestFingerprint {
  checkManifest(manifest)
  const models = [...manifest.models, ...(manifest.events ?? [])].map(
    ({ tag, selector, class_hash, members = [] }) => ({
      selector: canonicalFelt(selector),
      tag,
      classHash: canonicalFelt(class_hash),
      ...(members.length > 0 && { members: members.map(({ name, type, key }) => ({ name, type, key })) }),
    }),
  )
  models.sort((a, b) => (a.selector < b.selector ? -1 : 1))
  return { world: canonicalFelt(manifest.world.address), models }
}

/**
 * `manifest-hash:v1:` and the SHA-256 of the fingerprint: equal for manifests
 * under which stored rows mean the same.
 *
 * @throws {FreshetError} `torii/bad-manifest`: not a Dojo manifest.
 */
export function computeManifestHash(manifest: Manifest): string {
  return hashed('manifest-hash:v1:', buildManifestFingerprint(manifest))
}

/**
 * The same of what the server declares: it changes when the world is upgraded on
 * chain while the manifest at hand stays.
 */
export function computeSchemaHash(models: readonly ModelSchema[]): string {
  const canonical = models.map(({ tag, selector, classHash, members }) => ({
    selector,
    tag,
    classHash,
    schema: typeToJson({ kind: 'struct', name: tag, members }),
  }))
  return hashed(
    'schema-hash:v1:',
    canonical.toSorted((a, b) => (a.selector < b.selector ? -1 : 1)),
  )
}

function hashed(prefix: string, value: unknown): string {
  return prefix + hexOf(sha256(new TextEncoder().encode(JSON.stringify(value))))
}

function checkManifest(manifest: unknown): void {
  const isList = (value: unknown): boolean => value === undefined || Array.isArray(value)
  // Looked at field by field: it is a file of another tool.
  const { world, models, events } = (manifest ?? {}) as {
    world?: { address?: unknown }
    models?: unknown
    events?: unknown
  }
  if (typeof world?.address === 'string' && Array.isArray(models) && isList(events)) return
  throw new FreshetError({
    code: 'torii/bad-manifest',
    kind: 'usage',
    message:
      'The manifest has no world.address or no list of models; give the manifest_*.json that sozo wrote.',
  })
}
