import { RaindexClientError } from '../client-error.ts'
import {
  addressOf,
  BadField,
  countOf,
  fieldsOf,
  listOf,
  wordOf,
  type Fields,
} from '../../engine/json-fields.ts'
import { mutationFromJson, mutationToJson } from '../../engine/json-mutation.ts'
import type { Artifact, CodeKind } from '../../engine/index.ts'
import type { MutationEnvelope, PollResult } from '../../live/index.ts'
import type { LocalDbCursor } from '../database/index.ts'

/** One poll of a live order book, for others to take in. */
export type SharedPoll = PollResult<LocalDbCursor>

/** A poll as text; floats are their 32 bytes. */
export function pollToText({ nextCursor, mutationBatches, bytecode, rewindTo }: SharedPoll): string {
  return JSON.stringify({
    cursor: nextCursor,
    envelopes: mutationBatches.map(({ mutations, position }) => {
      return { mutations: mutations.map(mutationToJson), position }
    }),
    code: bytecode,
    rewindTo,
  })
}

/** @throws {RaindexClientError} `BadDump`: the text is not that of a poll. */
export function textToPoll(text: string): SharedPoll {
  try {
    return readPoll(fieldsOf(JSON.parse(text), 'change'))
  } catch (error) {
    if (!(error instanceof BadField || error instanceof SyntaxError)) throw error
    const message = `A change in the shared database cannot be read: ${error.message}. Begin again from a snapshot.`
    throw new RaindexClientError('BadDump', { message, cause: error })
  }
}

function readPoll({ cursor, envelopes, code, rewindTo }: Fields): SharedPoll {
  const mutationBatches = listOf(envelopes, 'envelopes').map(readEnvelope)
  const rewind = rewindTo === undefined ? undefined : fieldsOf(rewindTo, 'rewindTo')
  return {
    nextCursor: cursor === undefined ? undefined : readCursor(fieldsOf(cursor, 'cursor')),
    mutationBatches,
    bytecode: listOf(code, 'code').map(readCode),
    pendingArtifacts: [],
    heartbeat: false,
    // Before the first block there is one that is called -1.
    rewindTo: rewind && { blockNumber: countOf(Number(rewind['blockNumber']) + 1, 'rewindTo') - 1 },
  }
}

function readCursor({ block, hash, rewinds }: Fields): LocalDbCursor {
  return {
    block: countOf(block, 'cursor.block'),
    hash: wordOf(hash, 'cursor.hash'),
    rewinds: countOf(rewinds, 'cursor.rewinds'),
  }
}

function readEnvelope(json: unknown): MutationEnvelope {
  const { mutations, position } = fieldsOf(json, 'envelopes')
  const items = listOf(mutations, 'mutations').map((item) => mutationFromJson(item))
  if (position === undefined) return { mutations: items }
  const { blockNumber, logIndex, blockHash } = fieldsOf(position, 'position')
  return {
    mutations: items,
    position: {
      blockNumber: countOf(blockNumber, 'position.blockNumber'),
      logIndex: countOf(logIndex, 'position.logIndex'),
      blockHash: wordOf(blockHash, 'position.blockHash'),
    },
  }
}

const codeKinds: readonly CodeKind[] = ['Interpreter', 'Store', 'Aux']

/** @throws {BadField} what is wrong with it. */
export function readCode(json: unknown): Artifact {
  const { kind: name, address, bytecode } = fieldsOf(json, 'code')
  const kind = codeKinds.find((known) => known === name)
  if (kind === undefined || typeof bytecode !== 'string') throw new BadField('code', 'is none')
  return { kind, address: addressOf(address, 'code.address'), bytecode }
}
