import {
  mutationFromJson,
  RaindexError,
  type Artifact,
  type ArtifactId,
  type Mutation,
  type Order,
} from '../engine/index.ts'
import type { PollResult, SyncEngine } from './sync-engine.ts'

/** A sync engine that plays a script, for demos and tests. */
export type StubSyncEngine = SyncEngine<number> & {
  /** Steps not yet played. */
  readonly remaining: number
  pushStep(step: PollResult<number>): void
}

const zeroAddress = `0x${'0'.repeat(40)}` as const
const zeroWord = `0x${'0'.repeat(64)}` as const

/** The order that scripts call `default`: everything zero or empty. */
export const defaultOrder: Order = {
  owner: zeroAddress,
  evaluable: { interpreter: zeroAddress, store: zeroAddress, bytecode: '0x' },
  validInputs: [],
  validOutputs: [],
  nonce: zeroWord,
}

/** What a script's code is where it gives none. */
const defaultBytecode = '0x60006000'

/** Plays steps in order, one for each poll; after the last one every poll is a heartbeat. */
export function createStubSyncEngine(steps: readonly PollResult<number>[] = []): StubSyncEngine {
  const queue = [...steps]
  return {
    get remaining() {
      return queue.length
    },
    pushStep: (step) => void queue.push(step),
    async poll(_, cursor) {
      const step = queue.shift()
      if (step !== undefined) return { ...step, nextCursor: step.nextCursor ?? cursor }
      return { nextCursor: cursor, mutationBatches: [], bytecode: [], pendingArtifacts: [], heartbeat: true }
    },
  }
}

/**
 * Reads a script: a JSON array of steps
 * `{cursor?, env?, orders?, mutations?, bytecode?, pending?, heartbeat?}`.
 *
 * `env`, `orders` and `mutations` are one envelope each. `orders` are names: of `options.orders`, and `default`.
 *
 * @throws {RaindexError} `BadScript`: no JSON, an unknown order, bad hex; `details.step` says where.
 */
export function stubStepsFromJson(
  text: string,
  options: { readonly orders?: Readonly<Record<string, Order>> | undefined } = {},
): readonly PollResult<number>[] {
  const orders = new Map([['default', defaultOrder], ...Object.entries(options.orders ?? {})])
  const script = parseScript(text)
  return script.map((step, at) => naming(at, () => readStep(step, orders)))
}

/** The script that shows every phase: a clock, an order that waits for its code, the code, a heartbeat. */
export function demoSteps(): readonly PollResult<number>[] {
  return stubStepsFromJson(JSON.stringify(demoScript))
}

const demoScript = [
  { cursor: 1, env: { block_number: 1, timestamp: 1_700_000_000 } },
  {
    cursor: 2,
    orders: ['default'],
    pending: [
      { kind: 'interpreter', address: zeroAddress },
      { kind: 'store', address: zeroAddress },
    ],
  },
  {
    cursor: 3,
    bytecode: [
      { kind: 'interpreter', address: zeroAddress, bytecode: '0x00010203' },
      { kind: 'store', address: zeroAddress, bytecode: '0x04050607' },
    ],
  },
  { heartbeat: true },
]

type Fields = Readonly<Record<string, unknown>>

function parseScript(text: string): readonly unknown[] {
  try {
    const script: unknown = JSON.parse(text)
    if (Array.isArray(script)) return script
  } catch (cause) {
    throw new RaindexError('BadScript', 'The script is no JSON. Give an array of steps.', {}, cause)
  }
  throw new RaindexError('BadScript', 'The script is no array of steps.')
}

function readStep(step: unknown, orders: ReadonlyMap<string, Order>): PollResult<number> {
  const {
    cursor,
    env,
    orders: names,
    mutations,
    bytecode = [],
    pending = [],
    heartbeat = false,
  } = record(step)
  const envelopes: (readonly Mutation[])[] = []
  if (env !== undefined) envelopes.push([readEnv(record(env))])
  if (names !== undefined)
    envelopes.push([{ kind: 'setOrders', orders: list(names).map((name) => named(name, orders)) }])
  if (mutations !== undefined) envelopes.push(list(mutations).map((mutation) => mutationFromJson(mutation)))
  return {
    nextCursor: cursor === undefined ? undefined : count(cursor),
    mutationBatches: envelopes.map((envelope) => ({ mutations: envelope })),
    bytecode: list(bytecode).map((artifact) => readArtifact(record(artifact))),
    pendingArtifacts: list(pending).map((artifact) => readArtifactId(record(artifact))),
    heartbeat: heartbeat === true,
  }
}

function readEnv({ block_number: blockNumber, timestamp }: Fields): Mutation {
  return {
    kind: 'setEnv',
    blockNumber: blockNumber === undefined ? undefined : count(blockNumber),
    timestamp: timestamp === undefined ? undefined : count(timestamp),
  }
}

function readArtifact(fields: Fields): Artifact {
  const { bytecode } = fields
  if (bytecode !== undefined && typeof bytecode !== 'string') throw new RangeError('the bytecode is no hex')
  if (bytecode !== undefined && !/^(0x)?([0-9a-f]{2})*$/i.test(bytecode))
    throw new RangeError('the bytecode is no hex')
  const given = bytecode === undefined || bytecode === '' || bytecode === '0x' ? defaultBytecode : bytecode
  return { ...readArtifactId(fields), bytecode: given }
}

function readArtifactId({ kind, address }: Fields): ArtifactId {
  if (kind !== 'interpreter' && kind !== 'store')
    throw new RangeError(`there is no kind ${JSON.stringify(kind)}`)
  if (typeof address !== 'string' || !/^0x[0-9a-f]{40}$/i.test(address))
    throw new RangeError('an address is no hex')
  // Checked on the line above.
  return {
    kind: kind === 'store' ? 'Store' : 'Interpreter',
    address: address.toLowerCase() as ArtifactId['address'],
  }
}

function named(name: unknown, orders: ReadonlyMap<string, Order>): Order {
  const order = typeof name === 'string' ? orders.get(name) : undefined
  if (order === undefined) throw new RangeError(`there is no order named ${JSON.stringify(name)}`)
  return order
}

function record(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError('a record is expected')
  // Any record can be read by name.
  return value as Fields
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new RangeError('a list is expected')
  return value
}

function count(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new RangeError(`${JSON.stringify(value)} is no count`)
}

function naming<T>(step: number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new RaindexError(
      'BadScript',
      `Step ${step} of the script cannot be read: ${what}.`,
      { step },
      error,
    )
  }
}
