import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { changes, indexes, openIndexedDbStore } from '@freshet/storage/indexeddb'
import { expect, test } from 'vitest'
import type { ModelMember } from '../schema/model-type.ts'
import { typeToJson } from '../schema/schema-json.ts'
import { feltBytes } from '../values/felt.ts'
import { modelSelector } from '../values/model-tag.ts'
import { encode } from '../wire/codec.ts'
import { frame, trailersFrame } from '../wire/frames.ts'
import type { Fetch } from '../wire/grpc-web.ts'
import { worldsResponse } from '../wire/messages.ts'
import { subscribeIndexedContractsResponse } from '../wire/record-messages.ts'
import { writeStruct } from '../wire/write-value.ts'
import { createReactiveClient } from './reactive-client.ts'

const world = '0x1234'
const tag = 'ns-Score'
const members: readonly ModelMember[] = [
  { name: 'player', type: { kind: 'primitive', scalar: 'felt252' }, key: true },
  { name: 'points', type: { kind: 'primitive', scalar: 'u256' }, key: false },
]
const points = 2n ** 255n - 19n
const manifest = {
  world: { address: world },
  models: [{ tag, selector: modelSelector(tag), class_hash: '0x1' }],
}

function part(writer: BinaryWriter, no: number, write: (inner: BinaryWriter) => void): void {
  writer.tag(no, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}

/** A page of one entity, packed as the server packs it. */
async function packedPage(): Promise<Uint8Array<ArrayBuffer>> {
  const writer = new BinaryWriter()
  part(writer, 2, (entity) => {
    entity.tag(1, WireType.LengthDelimited).bytes(feltBytes(7))
    part(entity, 2, (struct) => writeStruct(struct, tag, members, { player: '0x7', points }))
    entity.tag(5, WireType.Varint).uint64(1_700_000_000)
    entity.tag(6, WireType.LengthDelimited).bytes(feltBytes(world))
  })
  const packing = new Blob([writer.finish()]).stream().pipeThrough(new CompressionStream('gzip'))
  const packed = frame(new Uint8Array(await new Response(packing).arrayBuffer()))
  packed[0] = 1
  return packed
}

const worlds = encode(worldsResponse, {
  worlds: [
    {
      worldAddress: world,
      models: [
        {
          selector: feltBytes(modelSelector(tag)),
          namespace: 'ns',
          name: 'Score',
          classHash: feltBytes(1),
          schema: new TextEncoder().encode(
            JSON.stringify(typeToJson({ kind: 'struct', name: tag, members })),
          ),
        },
      ],
    },
  ],
})
const contract = encode(subscribeIndexedContractsResponse, {
  told: {
    contractAddress: feltBytes(world),
    contractType: 0,
    head: 5n,
    tps: undefined,
    lastBlockTimestamp: undefined,
    updatedAt: 0n,
    createdAt: 1n,
  },
})

function answer(...chunks: readonly Uint8Array<ArrayBuffer>[]): Response {
  return new Response(new Blob([...chunks]), { headers: { 'content-type': 'application/grpc-web+proto' } })
}

function openAnswer(first: Uint8Array<ArrayBuffer>): Response {
  const body = new ReadableStream({ start: (controller) => controller.enqueue(first) })
  return new Response(body, { headers: { 'content-type': 'application/grpc-web+proto' } })
}

const serve: Fetch = async (url) => {
  const { pathname } = new URL(url)
  if (pathname.endsWith('/Worlds')) return answer(frame(worlds), trailersFrame(0))
  if (pathname.endsWith('/RetrieveEntities')) return answer(await packedPage(), trailersFrame(0))
  if (pathname.endsWith('/SubscribeEntities')) return openAnswer(frame(new Uint8Array(0)))
  if (pathname.endsWith('/SubscribeContracts')) return openAnswer(frame(contract))
  return Response.json({ service: 'torii', version: '1.8.16 (fe3ed0f)', success: true })
}

test('[TO24] in a browser the world is on the disk, and here at a reload before the server answers', async () => {
  const name = `torii-${crypto.randomUUID()}`
  const open = (fetch: Fetch) =>
    createReactiveClient({
      toriiUrl: 'http://torii',
      manifest,
      fetch,
      storageFactory: (tables) => openIndexedDbStore({ name, tables, indexes, changes }),
    })
  const first = await open(serve)
  await first.ready
  expect(first.query(tag).rows).toMatchObject([{ points }])
  await first.shutdown()

  const second = await open(() => new Promise(() => {}))
  await second.ready
  expect(second.query(tag).rows).toMatchObject([{ points }])
  expect(second.getSyncStatus().overall.state).toBe('bootstrapping')
  await second.shutdown()
})
