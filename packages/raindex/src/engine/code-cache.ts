import type { Need } from '@freshet/core'
import { toHex, type Address, type Bytes32, type Hex } from './hex.ts'
import { keccak256 } from './keccak.ts'
import type { Order } from './order.ts'
import { RaindexError } from './raindex-error.ts'

/** What code is for: to run programs, to keep words, or to be called by programs, such as tables and tokens. */
export type CodeKind = 'Interpreter' | 'Store' | 'Aux'

/** Names a piece of code. */
export type ArtifactId = { readonly kind: CodeKind; readonly address: Address }

/** Code as it comes from outside: hex in any case, with or without `0x`. */
export type Artifact = { readonly kind: CodeKind; readonly address: string; readonly bytecode: string }

/**
 * The runtime code of the contracts that programs run on, of one chain.
 *
 * Code never changes: giving the same again is harmless, giving other code for
 * a known address fails. One address may be of several kinds.
 */
export interface StaticCodeCache {
  /** Counts the pieces of code; whoever copies them looks here for more. */
  readonly size: number
  /**
   * @throws {RaindexError} `InvalidBytecodeEncoding`: the code is empty or no hex, or the address is none.
   * `BytecodeCollision`: the address is known with other code.
   */
  upsert(artifact: Artifact): void
  /** Takes several, in order. What came before one that fails stays. Throws as `upsert`. */
  ingest(artifacts: Iterable<Artifact>): void
  code(kind: CodeKind, address: Address): Hex | undefined
  /** Keccak-256 of the code. */
  codeHash(kind: CodeKind, address: Address): Bytes32 | undefined
  isReady(artifact: ArtifactId): boolean
  /** What an order lacks: its interpreter before its store. */
  missingFor(order: Order): readonly ArtifactId[]
  /** @throws {RaindexError} `MissingBytecode`: for the first that an order lacks. */
  ensureArtifacts(order: Order): void
  /** All pieces, in the order they came. */
  artifacts(): readonly (ArtifactId & { readonly bytecode: Hex })[]
}

/**
 * Makes a code cache.
 *
 * @throws {RaindexError} as `upsert` for the first artifact that cannot be taken.
 */
export function createStaticCodeCache(artifacts: Iterable<Artifact> = []): StaticCodeCache {
  const known = new Map<string, ArtifactId & { readonly bytecode: Hex; readonly hash: Bytes32 }>()

  const upsert = (artifact: Artifact): void => {
    const { kind } = artifact
    const address = toHex(withPrefix(artifact.address), 20)
    const bytecode = toHex(withPrefix(artifact.bytecode))
    if (address === undefined || bytecode === undefined || bytecode === '0x') throw invalid(artifact)
    const before = known.get(keyOf({ kind, address }))
    if (before === undefined)
      known.set(keyOf({ kind, address }), { kind, address, bytecode, hash: keccak256(bytecode) })
    else if (before.bytecode !== bytecode) throw collision(kind, address)
  }
  const isReady = (artifact: ArtifactId): boolean => known.has(keyOf(artifact))
  const ingest = (given: Iterable<Artifact>): void => {
    for (const artifact of given) upsert(artifact)
  }
  const missingFor = (order: Order): readonly ArtifactId[] => artifactsOf(order).filter((id) => !isReady(id))
  ingest(artifacts)
  return {
    get size() {
      return known.size
    },
    upsert,
    ingest,
    code: (kind, address) => known.get(keyOf({ kind, address }))?.bytecode,
    codeHash: (kind, address) => known.get(keyOf({ kind, address }))?.hash,
    isReady,
    missingFor,
    ensureArtifacts(order) {
      const [missing] = missingFor(order)
      if (missing !== undefined) throw missingBytecode(missing)
    },
    artifacts: () => [...known.values()].map(({ kind, address, bytecode }) => ({ kind, address, bytecode })),
  }
}

/** The code an order's programs need. */
export function artifactsOf({ evaluable }: Order): readonly ArtifactId[] {
  return [
    { kind: 'Interpreter', address: evaluable.interpreter },
    { kind: 'Store', address: evaluable.store },
  ]
}

/** The need a projection names for a piece of code. */
export function codeNeed({ kind, address }: ArtifactId): Need {
  return `${kind.toLowerCase()}:${address}`
}

/** The piece of code that a need names; undefined for needs of another kind. */
export function needToArtifact(need: Need): ArtifactId | undefined {
  const [kind, text = ''] = need.split(':')
  const address = toHex(text, 20)
  if (address === undefined) return undefined
  if (kind === 'interpreter') return { kind: 'Interpreter', address }
  return kind === 'store' ? { kind: 'Store', address } : undefined
}

/** Whether a need named by the raindex projection is met: what a replica takes as its `isReady`. */
export function isCodeReady(cache: Pick<StaticCodeCache, 'isReady'>): (need: Need) => boolean {
  return (need) => {
    const artifact = needToArtifact(need)
    return artifact !== undefined && cache.isReady(artifact)
  }
}

function keyOf({ kind, address }: ArtifactId): string {
  return `${kind}:${address}`
}

function withPrefix(hex: string): string {
  return hex.startsWith('0x') ? hex : `0x${hex}`
}

function invalid({ kind, address, bytecode }: Artifact): RaindexError {
  const what = bytecode === '' || bytecode === '0x' ? 'is empty' : 'or its address is not whole bytes of hex'
  const message = `The ${kind} code of ${address} ${what}. Read it from the chain again.`
  return new RaindexError('InvalidBytecodeEncoding', message, { kind, address })
}

function collision(kind: CodeKind, address: Address): RaindexError {
  const message = `The ${kind} ${address} is known with other code. Use one cache per chain.`
  return new RaindexError('BytecodeCollision', message, { kind, address })
}

function missingBytecode({ kind, address }: ArtifactId): RaindexError {
  const message = `The ${kind} code of ${address} is not loaded. Put it into the code cache.`
  return new RaindexError('MissingBytecode', message, { kind, address })
}
