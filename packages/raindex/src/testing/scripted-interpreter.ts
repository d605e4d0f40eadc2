import type { Bytes32, Evaluation, EvaluationResult, Interpreter } from '../engine/index.ts'
import { floatToHex, parse } from '../float/index.ts'

/** An interpreter that answers with a function, and keeps what it was asked. */
export type ScriptedInterpreter = Interpreter & { readonly asked: readonly Evaluation[] }

export function scriptedInterpreter(
  answer: (evaluation: Evaluation) => EvaluationResult | Promise<EvaluationResult>,
): ScriptedInterpreter {
  const asked: Evaluation[] = []
  return {
    asked,
    evaluate(evaluation) {
      asked.push(evaluation)
      return answer(evaluation)
    },
  }
}

/** An answer that leaves floats, top first, and writes words. */
export function leaves(stack: readonly string[], writes: readonly Bytes32[] = []): EvaluationResult {
  return { kind: 'ok', stack: stack.map(word), writes }
}

/** A float as a word. */
export function word(text: string): Bytes32 {
  return floatToHex(parse(text))
}
