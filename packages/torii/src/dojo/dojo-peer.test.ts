import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { systemClock, type Row } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createReactiveClient } from '../client/reactive-client.ts'
import { manifestOfWorld } from '../schema/manifest.ts'
import { scalars, type ModelMember, type ModelType, type Scalar } from '../schema/model-type.ts'
import { listenTorii } from '../test-server/listen-torii.ts'
import { createToriiServer } from '../test-server/torii-server.ts'
import { canonicalFelt } from '../values/felt.ts'
import { createDojoClient, type DojoMessage } from './dojo-client.ts'
import type { DojoPage } from './dojo-page.ts'

// Installed on demand, as for the benchmarks.
const beside = fileURLToPath(new URL('../../../../bench/torii/peers', import.meta.url))
const folder = process.env['FRESHET_TORII_CLIENTS'] ?? beside
const real = `${folder}/node_modules/@dojoengine/grpc/dist/index.js`
const isThere = existsSync(real)
const why = isThere ? '' : ' (skipped: run npm install in bench/torii/peers)'

const tag = 'ns-Wide'
const u8: ModelType = { kind: 'primitive', scalar: 'u8' }
const unit: ModelType = { kind: 'tuple', items: [] }

const values: Readonly<Record<Scalar, Row[string]>> = {
  i8: -8,
  i16: -16,
  i32: -32,
  i64: -64n,
  i128: -128n,
  u8: 8,
  u16: 16,
  u32: 32,
  u64: 64n,
  u128: 2n ** 127n,
  u256: 2n ** 255n,
  bool: true,
  felt252: canonicalFelt(0xfe17),
  classhash: canonicalFelt(0xc1a55),
  contractaddress: canonicalFelt(0xadd7),
  ethaddress: `0x${'e'.padStart(40, '0')}`,
}

const composites: readonly (readonly [name: string, type: ModelType, value: Row[string]])[] = [
  ['text', { kind: 'bytearray' }, 'A name'],
  ['pair', { kind: 'tuple', items: [u8, { kind: 'bytearray' }] }, [1, 'one']],
  ['list', { kind: 'array', item: u8 }, [1, 2, 3]],
  ['point', { kind: 'struct', name: 'Point', members: [{ name: 'x', type: u8, key: false }] }, { x: 3 }],
  [
    'colour',
    {
      kind: 'enum',
      name: 'Colour',
      options: [
        { name: 'Red', type: unit },
        { name: 'Blue', type: unit },
      ],
    },
    'Blue',
  ],
  [
    'action',
    {
      kind: 'enum',
      name: 'Action',
      options: [
        { name: 'Wait', type: unit },
        { name: 'Hit', type: u8 },
      ],
    },
    { variant: 'Hit', value: 5 },
  ],
  ...([7, null] as const).map(
    (value) =>
      [
        value === null ? 'none' : 'some',
        {
          kind: 'enum',
          name: 'Option<u8>',
          options: [
            { name: 'Some', type: u8 },
            { name: 'None', type: unit },
          ],
        },
        value,
      ] as const,
  ),
]

const members: readonly ModelMember[] = [
  { name: 'id', type: { kind: 'primitive', scalar: 'felt252' }, key: true },
  ...scalars.map((scalar): ModelMember => ({
    name: scalar,
    type: { kind: 'primitive', scalar },
    key: false,
  })),
  ...composites.map(([name, type]): ModelMember => ({ name, type, key: false })),
]

/** Integers as the SDK reads them: the official client rounds those of 64 bits, and forgets the sign of those of 128. */
function asRead(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asRead)
  if (typeof value !== 'object' || value === null) return value
  const { type, type_name: name, value: inner, key }: { readonly [field: string]: unknown } = { ...value }
  if (type !== 'primitive' || !/^[iu]\d/.test(String(name)))
    return Object.fromEntries(Object.entries(value).map(([field, each]) => [field, asRead(each)]))
  const whole = BigInt(String(inner))
  return { type, name, value: name === 'i128' ? BigInt.asIntN(128, whole) : whole, key }
}

test.skipIf(!isThere)(`[TO42] entities are told as the official client tells them${why}`, async () => {
  const server = createToriiServer({ clock: systemClock, random: createSeededRandom(1) })
  server.world.declare(tag, members)
  const more = Object.fromEntries(composites.map(([name, , value]) => [name, value]))
  for (const id of [1, 2]) server.world.set(tag, { id: canonicalFelt(id), ...values, ...more })
  const listening = await listenTorii(server)
  const manifest = manifestOfWorld({ address: server.world.address, models: server.world.models() })
  const client = await createReactiveClient({ toriiUrl: listening.url, manifest })
  const asked = {
    world_addresses: [server.world.address],
    pagination: { limit: 10, cursor: undefined, direction: 'Forward', order_by: [] },
    clause: undefined,
    no_hashed_keys: false,
    models: [tag],
    historical: false,
  }
  const { ToriiGrpcClient } = await import(/* @vite-ignore */ pathToFileURL(real).href)
  const official = new ToriiGrpcClient({ toriiUrl: listening.url, worldAddress: server.world.address })
  const theirs: DojoPage<DojoMessage> = await official.getEntities(asked)
  const ours = await createDojoClient(client).getEntities(asked)
  const told = ({ items }: DojoPage<DojoMessage>) =>
    new Map(items.map(({ hashed_keys: id, models }) => [id, asRead(models)]))
  expect(told(ours)).toEqual(told(theirs))
  expect(ours.items.length).toBe(2)
  await client.shutdown()
  await listening.close()
  server.close()
})
