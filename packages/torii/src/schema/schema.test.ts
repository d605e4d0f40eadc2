import { expect, test } from 'vitest'
import { readToriiData, toriiData } from '../testing/torii-data.ts'
import {
  computeManifestHash,
  buildManifestFingerprint,
  computeSchemaHash,
  type Manifest,
} from './manifest.ts'
import type { ModelType } from './model-type.ts'
import { readModelMembers } from './read-schema.ts'
import { typeToJson } from './schema-json.ts'
import { parseServerVersion } from './server-version.ts'

const data = toriiData()
const folder = 'folder' in data ? data.folder : ''
const why = 'missing' in data ? ` (${data.missing})` : ''

const manifest: Manifest = {
  world: { address: '0x01' },
  models: [
    {
      tag: 'ns-B',
      selector: '0x2',
      class_hash: '0x0b',
      members: [{ name: 'id', type: 'core::felt252', key: true }],
    },
    { tag: 'ns-A', selector: '0x1', class_hash: '0xA', members: [] },
  ],
}

test('[TO4] order, padding and what is no schema leave the hash of a manifest alone', () => {
  const hash = computeManifestHash(manifest)
  expect(hash).toMatch(/^manifest-hash:v1:[0-9a-f]{64}$/)
  const other = {
    ...manifest,
    seed: 'x',
    abis: [],
    world: { address: '0x1' },
    models: manifest.models.toReversed(),
  }
  expect(computeManifestHash(other)).toBe(hash)
})

test('[TO4] a class, a member, a model and the world change the hash of a manifest', () => {
  const [b, a] = manifest.models
  if (!a || !b) throw new Error('The manifest above has two models.')
  const changed: Manifest[] = [
    { ...manifest, world: { address: '0x2' } },
    { ...manifest, models: [b] },
    { ...manifest, models: [{ ...b, class_hash: '0xc' }, a] },
    { ...manifest, models: [{ ...b, members: [{ name: 'id', type: 'core::integer::u8', key: true }] }, a] },
    { ...manifest, events: [{ tag: 'ns-E', selector: '0x3', class_hash: '0x1' }] },
  ]
  const hashes = new Set([manifest, ...changed].map(computeManifestHash))
  expect(hashes.size).toBe(changed.length + 1)
})

test.skipIf(why !== '')(`[TO4] real manifests have fingerprints, also without members${why}`, () => {
  const counts = [
    'manifest-dojo-starter.json',
    'manifest-spawn-and-move.json',
    'manifest-pistols.json.gz',
  ].map((file) => {
    const { models } = buildManifestFingerprint(readToriiData(folder, file) as Manifest)
    return `${models.length} of which ${models.filter(({ members }) => members).length} tell members`
  })
  expect(counts).toEqual([
    '5 of which 5 tell members',
    '10 of which 0 tell members',
    '43 of which 43 tell members',
  ])
})

test.each([null, {}, { world: {}, models: [] }, { world: { address: '0x1' } }])(
  '[TO4] %j is refused as a manifest',
  (other) => {
    // Not a manifest on purpose.
    const read = () => computeManifestHash(other as unknown as Manifest)
    expect(read).toThrow(expect.objectContaining({ code: 'torii/bad-manifest' }))
  },
)

const everyType: ModelType = {
  kind: 'struct',
  name: 'ns-Every',
  members: [
    { name: 'id', key: true, type: { kind: 'primitive', scalar: 'felt252' } },
    { name: 'name', key: false, type: { kind: 'bytearray' } },
    {
      name: 'pair',
      key: false,
      type: { kind: 'tuple', items: [{ kind: 'bytearray' }, { kind: 'tuple', items: [] }] },
    },
    { name: 'list', key: false, type: { kind: 'array', item: { kind: 'primitive', scalar: 'u256' } } },
    {
      name: 'fixed',
      key: false,
      type: { kind: 'fixed-array', item: { kind: 'primitive', scalar: 'i8' }, size: 3 },
    },
    {
      name: 'kind',
      key: false,
      type: { kind: 'enum', name: 'K', options: [{ name: 'A', type: { kind: 'bytearray' } }] },
    },
  ],
}

test('[TO5] a schema is read as it was declared', () => {
  const members = readModelMembers(JSON.stringify(typeToJson(everyType)), 'ns-Every')
  expect({ kind: 'struct', name: 'ns-Every', members }).toEqual(everyType)
})

test.each([
  ['no JSON', '{'],
  ['no struct', '{"type":"bytearray","content":""}'],
  ['an unknown type', '{"type":"matrix","content":[]}'],
  ['an unknown scalar', '{"type":"primitive","content":{"scalar_type":"u7"}}'],
  ['a missing name', '{"type":"struct","content":{"children":[]}}'],
  ['endless nesting', `${'{"type":"tuple","content":['.repeat(100)}${']}'.repeat(100)}`],
])('[TO5] a schema with %s is refused', (_, json) => {
  expect(() => readModelMembers(json, 'ns-Bad')).toThrow(
    expect.objectContaining({ code: 'torii/bad-schema' }),
  )
})

test('[TO5] the hash of the server changes with a type', () => {
  const hash = (type: ModelType) =>
    computeSchemaHash([
      { tag: 'ns-A', selector: '0x1', classHash: '0x1', members: [{ name: 'a', key: false, type }] },
    ])
  expect(hash({ kind: 'bytearray' })).toMatch(/^schema-hash:v1:/)
  expect(hash({ kind: 'bytearray' })).not.toBe(hash({ kind: 'primitive', scalar: 'u8' }))
})

test('[TO6] a rebuild of one release is the same version', () => {
  expect(parseServerVersion('1.8.16 (fe3ed0f)')).toEqual({ semver: '1.8.16', build: 'fe3ed0f' })
  expect(parseServerVersion('1.8.16 (main 1234567)').semver).toBe('1.8.16')
  expect(parseServerVersion('1.8.16')).toEqual({ semver: '1.8.16', build: undefined })
})
