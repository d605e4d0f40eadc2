import type { Address, Bytes32, Hex } from './hex.ts'
import type { Evaluable } from './order.ts'
import type { EnvRow } from './tables.ts'

/** The two programs in an order's bytecode. */
export type EntryPoint = 'calculate-io' | 'handle-io'

/** One run of an order's program. */
export type Evaluation = {
  readonly evaluable: Evaluable
  readonly entryPoint: EntryPoint
  /** Namespace of the store, qualified with the order book. */
  readonly fqn: Bytes32
  /** Columns of words. */
  readonly context: readonly (readonly Bytes32[])[]
  readonly env: EnvRow
  /** What the store answers for a key of this namespace. */
  readWord(key: Bytes32): Bytes32
}

/** What a run saw of the clock, beside its context. */
export type ClockReads = { readonly time: boolean; readonly number: boolean }

export type EvaluationResult =
  | {
      readonly kind: 'ok'
      /** Top first. */
      readonly stack: readonly Bytes32[]
      /** Keys and values in turn. */
      readonly writes: readonly Bytes32[]
      /** Default all of it. */
      readonly clock?: ClockReads | undefined
    }
  /** The program ended itself, or called something that did. */
  | { readonly kind: 'revert'; readonly data: Hex; readonly clock?: ClockReads | undefined }
  | { readonly kind: 'unavailable'; readonly reason: EvaluationGap }

/** Why an interpreter cannot say what the chain would. */
export type EvaluationGap =
  /** The code of the interpreter or the store is not loaded. */
  | {
      readonly kind: 'MissingBytecode'
      readonly address: Address
      readonly codeKind: 'Interpreter' | 'Store'
    }
  /** The program looks at a contract that is not loaded. */
  | { readonly kind: 'ExternalAccount'; readonly address: Address }
  | { readonly kind: 'GasExhausted'; readonly gasLimit: bigint }
  | { readonly kind: 'HostFault'; readonly message: string }

/** Runs the programs of orders. */
export interface Interpreter {
  /** At once, or later where the engine behind it cannot otherwise. Never rejects for what a program does. */
  evaluate(evaluation: Evaluation): EvaluationResult | Promise<EvaluationResult>
}
