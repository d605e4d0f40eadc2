import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { expect, test } from 'vitest'
import { readToriiData, toriiData } from '../testing/torii-data.ts'
import { decode } from './codec.ts'
import { retrieveEntitiesResponse } from './messages.ts'

const data = toriiData()
const folder = 'folder' in data ? data.folder : ''
const why = 'missing' in data ? ` (${data.missing})` : ''

type CapturedType = {
  readonly ty_type: {
    readonly oneofKind: string
    readonly primitive?: { readonly primitive_type: CapturedPrimitive }
    readonly struct?: CapturedStruct
    readonly enum?: { name: string; option: number; options: { name: string; ty: CapturedType }[] }
    readonly tuple?: { readonly children: readonly CapturedType[] }
  }
}
type CapturedPrimitive = {
  oneofKind: string
  u8?: number
  u32?: number
  bool?: boolean
  contract_address?: string
}
type CapturedStruct = { name: string; children: { name: string; key: boolean; ty: CapturedType }[] }
type Capture = { entities: { hashed_keys: string; models: CapturedStruct[] }[] }

// Field numbers of the protocol, apart from the code under test.
const kinds: { readonly [kind: string]: number } = { primitive: 2, enum: 3, struct: 4, tuple: 5, array: 6 }
const primitives: { readonly [kind: string]: number } = { u8: 6, u32: 8, bool: 12, contract_address: 15 }

function part(no: number, body: (writer: BinaryWriter) => void, writer: BinaryWriter): void {
  writer.tag(no, WireType.LengthDelimited).fork()
  body(writer)
  writer.join()
}

function felt(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2).padStart(64, '0'), 'hex'))
}

function writeType({ ty_type: type }: CapturedType, writer: BinaryWriter): void {
  const { oneofKind, primitive, struct, tuple } = type
  const body = (inner: BinaryWriter): void => {
    if (primitive) writePrimitive(primitive.primitive_type, inner)
    if (struct) writeStruct(struct, inner)
    if (type.enum) {
      inner.tag(1, WireType.LengthDelimited).string(type.enum.name)
      inner.tag(2, WireType.Varint).uint32(type.enum.option)
      for (const option of type.enum.options) part(3, (each) => writeNamed(option, each), inner)
    }
    for (const child of tuple?.children ?? []) part(1, (each) => writeType(child, each), inner)
  }
  part(kinds[oneofKind] ?? 99, body, writer)
}

function writePrimitive(type: CapturedPrimitive, writer: BinaryWriter): void {
  const { oneofKind, bool, contract_address: address, u8, u32 } = type
  const no = primitives[oneofKind] ?? 99
  if (bool !== undefined) writer.tag(no, WireType.Varint).bool(bool)
  else if (address !== undefined) writer.tag(no, WireType.LengthDelimited).bytes(felt(address))
  else writer.tag(no, WireType.Varint).uint32(u8 ?? u32 ?? 0)
}

function writeNamed(
  { name, ty }: { readonly name: string; readonly ty: CapturedType },
  writer: BinaryWriter,
): void {
  writer.tag(1, WireType.LengthDelimited).string(name)
  part(2, (inner) => writeType(ty, inner), writer)
}

function writeStruct({ name, children }: CapturedStruct, writer: BinaryWriter): void {
  writer.tag(1, WireType.LengthDelimited).string(name)
  for (const child of children) {
    const body = (each: BinaryWriter): void => {
      writeNamed(child, each)
      if (child.key) each.tag(3, WireType.Varint).bool(true)
    }
    part(2, body, writer)
  }
}

test.skipIf(why !== '')(`[TO7] what a live Torii sent is read member by member${why}`, () => {
  const capture = readToriiData(folder, 'capture-entities.json') as Capture
  const writer = new BinaryWriter()
  for (const entity of capture.entities) {
    part(
      2,
      (each) => {
        each.tag(1, WireType.LengthDelimited).bytes(felt(entity.hashed_keys))
        for (const model of entity.models) part(2, (struct) => writeStruct(model, struct), each)
      },
      writer,
    )
  }
  const { entities } = decode(retrieveEntitiesResponse, writer.finish(), 'The capture')
  expect(entities.map(({ id }) => id)).toEqual(capture.entities.map((entity) => entity.hashed_keys))
  expect(entities.flatMap(({ models }) => models).length).toBe(14)
  expect(entities[0]).toEqual({
    id: '0x07fd69aca371204732bfb9772e84e1566dbffc3fbf04d4af378f9cee87f15141',
    executedAt: 0,
    worldAddress: '',
    models: [
      {
        tag: 'dojo_starter-Position',
        members: {
          player: '0x042b249d1633812d903f303d640a4261f58fead5aa24925a9efc1dd9d76fb555',
          vec: { x: 9, y: 9 },
        },
      },
      {
        tag: 'dojo_starter-Moves',
        members: {
          player: '0x042b249d1633812d903f303d640a4261f58fead5aa24925a9efc1dd9d76fb555',
          remaining: 74,
          last_direction: 'Up',
          can_move: true,
        },
      },
    ],
  })
})

test('[TO8] a page that ends early or names more than it holds is refused, not guessed at', () => {
  const writer = new BinaryWriter()
  part(2, (each) => each.tag(1, WireType.LengthDelimited).bytes(felt('0x1')), writer)
  const bytes = writer.finish()
  for (let length = 1; length < bytes.length; length++) {
    const read = () => decode(retrieveEntitiesResponse, bytes.subarray(0, length), 'A page')
    expect(read, `${length} bytes`).toThrow(
      expect.objectContaining({ code: 'torii/bad-message', kind: 'protocol' }),
    )
  }
  expect(new BinaryReader(bytes).len).toBe(bytes.length)
})
