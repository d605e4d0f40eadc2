import type { Bytes32, EvaluationResult, Hex, Interpreter } from '../engine/index.ts'

/** One recorded call of an interpreter: what it was asked, what it read and what it answered. */
export type RecordedEvaluation = {
  /** 0 calculate-io, 1 handle-io; calculate-io when absent. */
  readonly source?: 0 | 1
  readonly namespace: Bytes32
  readonly context: readonly (readonly Bytes32[])[]
  readonly reads?: readonly (readonly [key: Bytes32, value: Bytes32])[]
  readonly stack?: readonly Bytes32[]
  readonly writes?: readonly Bytes32[]
  readonly revert?: { readonly data: Hex }
}

/** Answers from a recording, in its order, and notes where it was asked otherwise. */
export type RecordedInterpreter = Interpreter & {
  readonly differences: readonly string[]
  /** Calls that were recorded and not made. */
  readonly left: number
}

export function createRecordedInterpreter(recorded: readonly RecordedEvaluation[]): RecordedInterpreter {
  const differences: string[] = []
  let next = 0
  return {
    differences,
    get left() {
      return recorded.length - next
    },
    evaluate({ entryPoint, fqn, context, readWord }): EvaluationResult {
      const call = recorded[next++]
      if (call === undefined) {
        differences.push(`the interpreter was called ${next} times`)
        return { kind: 'unavailable', reason: { kind: 'HostFault', message: 'not recorded' } }
      }
      const compare = (what: string, got: string, expected: string): void => {
        if (got !== expected) differences.push(`${what} of call ${next} is ${got} and not ${expected}`)
      }
      compare('the entry point', entryPoint, call.source === 1 ? 'handle-io' : 'calculate-io')
      compare('the namespace', fqn, call.namespace)
      compare('the context', JSON.stringify(context), JSON.stringify(call.context))
      for (const [key, value] of call.reads ?? []) compare(`word ${key}`, readWord(key), value)
      if (call.revert !== undefined) return { kind: 'revert', data: call.revert.data }
      return { kind: 'ok', stack: call.stack ?? [], writes: call.writes ?? [] }
    },
  }
}
