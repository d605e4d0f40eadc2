import { WireType } from '@bufbuild/protobuf/wire'
import { feltBytes, feltFromBytes } from '../values/felt.ts'
import {
  bool,
  bytes,
  endOfPart,
  message,
  part,
  parts,
  repeatedBytes,
  repeatedText,
  text,
  uint32,
  uint64,
  type Codec,
  type MessageOf,
} from './codec.ts'
import { readModel, type ModelMembers } from './read-value.ts'

// The messages of `package world`, as far as they are needed, by the field numbers of torii 1.8.16.

const paginationCodec = message({ cursor: text(1), limit: uint32(2), direction: uint32(3) })

const hashedKeysCodec = message({ hashedKeys: repeatedBytes(1) })
/** An empty key is a wildcard; `patternMatching` 1 lets more keys follow. */
const keysCodec = message({ keys: repeatedBytes(2), patternMatching: uint32(3), models: repeatedText(4) })
const clauseCodec = message({ hashedKeys: part(1, hashedKeysCodec), keys: part(2, keysCodec) })
export type Clause = MessageOf<typeof clauseCodec>

const queryCodec = message({
  clause: part(1, clauseCodec),
  noHashedKeys: bool(2),
  models: repeatedText(3),
  pagination: part(4, paginationCodec),
  historical: bool(5),
  worldAddresses: repeatedBytes(6),
})
export type Query = MessageOf<typeof queryCodec>

export const retrieveEntitiesRequest = message({ query: part(1, queryCodec) })

/** Everything of one entity that a message tells. */
export type ToriiEntity = {
  /** `0x` and 64 digits. */
  readonly id: string
  readonly models: readonly ModelMembers[]
  /** Unix time of the block, in seconds. */
  readonly executedAt: number
  /** Empty from servers before 1.8. */
  readonly worldAddress: string
}

/** Reads straight into values; only read, because rows are written by their schema. */
const entityCodec: Codec<ToriiEntity> = {
  write() {
    throw new TypeError('An entity is written by its schema.')
  },
  read(reader, end) {
    let id = ''
    let executedAt = 0
    let worldAddress = ''
    const models: ModelMembers[] = []
    while (reader.pos < end) {
      const [no, wireType] = reader.tag()
      if (no === 1) id = feltFromBytes(reader.bytes())
      else if (no === 2) models.push(readModel(reader, endOfPart(reader)))
      else if (no === 5 && wireType === WireType.Varint) executedAt = Number(reader.uint64())
      else if (no === 6) worldAddress = addressFromBytes(reader.bytes())
      else reader.skip(wireType, no)
    }
    return { id, models, executedAt, worldAddress }
  },
}

let lastAddress = { bytes: new Uint8Array(0), text: feltFromBytes(new Uint8Array(0)) }

/** All entities of a page are of one world: its address is written out once. */
function addressFromBytes(bytes: Uint8Array): string {
  const isSame =
    bytes.length === lastAddress.bytes.length && bytes.every((byte, at) => byte === lastAddress.bytes[at])
  if (!isSame) lastAddress = { bytes: bytes.slice(), text: feltFromBytes(bytes) }
  return lastAddress.text
}

export const retrieveEntitiesResponse = message({ nextCursor: text(1), entities: parts(2, entityCodec) })

export const subscribeEntitiesRequest = message({
  clause: part(1, clauseCodec),
  worldAddresses: repeatedBytes(2),
})
export const subscribeEntityResponse = message({ entity: part(1, entityCodec), subscriptionId: uint64(2) })

export const worldsRequest = message({ worldAddresses: repeatedBytes(1) })
const modelCodec = message({
  selector: bytes(1),
  namespace: text(2),
  name: text(3),
  classHash: bytes(6),
  schema: bytes(8),
})
const worldCodec = message({ worldAddress: text(1), models: parts(2, modelCodec) })
export const worldsResponse = message({ worlds: parts(1, worldCodec) })

/** A query that names all entities of some models. */
export function modelsClause(models: readonly string[]): Clause {
  return { hashedKeys: undefined, keys: { keys: [], patternMatching: 1, models } }
}

/** A query that names some entities. */
export function idsClause(ids: readonly string[]): Clause {
  return { hashedKeys: { hashedKeys: ids.map(feltBytes) }, keys: undefined }
}
