import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { ModelSchema } from '../schema/model-type.ts'
import { typeToJson } from '../schema/schema-json.ts'
import { feltBytes } from '../values/felt.ts'
import { encode } from '../wire/codec.ts'
import { worldsResponse, type Query } from '../wire/messages.ts'
import type { ContractRow } from '../wire/record-rows.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { splitTag, type StoredEntity } from './torii-database.ts'
import type { ToriiWorld, WorldChange } from './torii-world.ts'

/** A refusal with a gRPC status. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Rows of a page when a client names no limit. */
const defaultLimit = 10_000

/** The answer to `RetrieveEntities`: the newest change first, a cursor only where older ones remain. */
export function entitiesAnswer(
  world: ToriiWorld,
  query: Query | undefined,
  maxMessageBytes: number,
  database = world.database,
): Uint8Array {
  if (!query) throw new StatusError(3, 'Missing query argument')
  const { pagination, clause, models, worldAddresses } = query
  const limit = pagination?.limit ? pagination.limit : defaultLimit
  const before = pagination?.cursor ? decodeCursor(pagination.cursor) : undefined
  if (pagination?.cursor && before === undefined)
    throw new StatusError(13, `Invalid cursor: ${pagination.cursor}`)
  const asked = world.models().filter(({ tag }) => models.length === 0 || models.includes(tag))
  const ids = clause?.hashedKeys?.hashedKeys.map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)
  const isOther =
    worldAddresses.length > 0 && !worldAddresses.some((bytes) => isAddress(bytes, world.address))
  const found = isOther ? [] : database.page({ models: asked, before, ids, limit: limit + 1 })
  const page = found.slice(0, limit)
  const writer = new BinaryWriter()
  const last = page.at(-1)
  if (found.length > limit && last) writer.tag(1, WireType.LengthDelimited).string(encodeCursor(last.eventId))
  const address = feltBytes(world.address)
  for (const entity of page) writeEntity(writer, 2, address, entity, query.noHashedKeys)
  const answer = writer.finish()
  if (answer.length <= maxMessageBytes) return answer
  throw new StatusError(11, `Error, encoded message length too large: found ${answer.length} bytes`)
}

function isAddress(bytes: Uint8Array, address: string): boolean {
  return Buffer.from(bytes).equals(feltBytes(address))
}

function writeEntity(
  writer: BinaryWriter,
  no: number,
  address: Uint8Array,
  entity: StoredEntity,
  noId: boolean,
): void {
  writer.tag(no, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).bytes(noId ? new Uint8Array(32) : idBytes(entity.entityId))
  for (const struct of entity.models) writer.tag(2, WireType.LengthDelimited).bytes(struct)
  writer.tag(3, WireType.Varint).uint64(entity.createdAt)
  writer.tag(4, WireType.Varint).uint64(entity.updatedAt)
  writer.tag(5, WireType.Varint).uint64(entity.executedAt)
  writer.tag(6, WireType.LengthDelimited).bytes(address)
  writer.join()
}

/** Quicker than `feltBytes`, because pages hold thousands. */
function idBytes(id: string): Uint8Array {
  return Buffer.from(id.slice(2).padStart(64, '0'), 'hex')
}

/** A message of `SubscribeEntities`; without a change the first, which tells the id alone. */
export function pushAnswer(
  world: ToriiWorld,
  change: WorldChange | undefined,
  subscriptionId: bigint,
): Uint8Array {
  const writer = new BinaryWriter()
  if (change) {
    const { entityId, executedAt, struct } = change
    const entity = {
      entityId,
      eventId: '',
      executedAt,
      createdAt: executedAt,
      updatedAt: executedAt,
      models: [struct],
    }
    writeEntity(writer, 1, feltBytes(world.address), entity, false)
  }
  writer.tag(2, WireType.Varint).uint64(subscriptionId)
  return writer.finish()
}

export function worldsAnswer(world: ToriiWorld): Uint8Array {
  const models = world.models().map(modelFields)
  // The server writes this address without padding.
  return encode(worldsResponse, {
    worlds: [{ worldAddress: `0x${BigInt(world.address).toString(16)}`, models }],
  })
}

function modelFields({ tag, selector, classHash, members }: ModelSchema) {
  const [namespace, name] = splitTag(tag)
  const schema = new TextEncoder().encode(JSON.stringify(typeToJson({ kind: 'struct', name: tag, members })))
  return { selector: feltBytes(selector), namespace, name, classHash: feltBytes(classHash), schema }
}

/** The contract of the world: how far the indexer is. */
export function worldContract(world: ToriiWorld, nowUnixMs: number): ContractRow {
  const now = BigInt(Math.floor(nowUnixMs / 1_000))
  return {
    contractAddress: world.address,
    contractType: 'WORLD',
    head: BigInt(world.head),
    tps: null,
    lastBlockTimestamp: now,
    updatedAt: now,
    createdAt: BigInt(world.createdAt),
  }
}
