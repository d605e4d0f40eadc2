import { evaluate, resultOf, type Calculation, type EvaluationHost } from './calculate-io.ts'
import { buildContext, type CalculatedParts } from './evaluation-context.ts'
import type { EvaluationResult } from './interpreter.ts'
import type { WorkingState } from './working-state.ts'

/** An order that was calculated and moved, with what its handle-io finds in the context. */
export type HandledOrder = { readonly calculation: Calculation; readonly calculated: CalculatedParts }

/**
 * Sets what calculate-io wrote, runs handle-io, and sets what that wrote.
 *
 * @throws {Unquotable} why it cannot run; also as a rejection.
 */
export function handleIO(
  host: EvaluationHost,
  working: WorkingState,
  { calculation, calculated }: HandledOrder,
): void | Promise<void> {
  const { parts, fqn, writes } = calculation
  const { store } = parts.order.evaluable
  working.setWords(store, fqn, writes)
  const finish = (result: EvaluationResult): void => working.setWords(store, fqn, resultOf(result).writes)
  const run = evaluate(host, working, parts, fqn, 'handle-io', buildContext(parts, calculated))
  return run instanceof Promise ? run.then(finish) : finish(run)
}
