import { resultOf, type EvaluationHost } from './calculate-io.ts'
import { buildTaskContext } from './evaluation-context.ts'
import type { SignedContext } from './event.ts'
import type { Evaluation, EvaluationResult } from './interpreter.ts'
import type { Mutation } from './mutation.ts'
import { qualifiedNamespace } from './namespace.ts'
import { reasonOf, type NotComparable } from './not-comparable.ts'
import { hashOrder, type Evaluable, type Order } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { checkSignatures } from './signed-context.ts'
import { createWorkingState, type WorkingState } from './working-state.ts'

/** A program that the owner has run after an order was added. */
export type PostTask = {
  readonly evaluable: Evaluable
  readonly signedContext?: readonly SignedContext[] | undefined
}

export type AddOrderOutcome =
  | {
      readonly kind: 'added'
      /** The order, and what its tasks set. */
      readonly mutations: readonly Mutation[]
    }
  | { readonly kind: 'not-comparable'; readonly reason: NotComparable }

/**
 * Simulates adding an order with its tasks, as `addOrder3` does. Changes nothing.
 *
 * Each task sees what those before it have set; one without a program is skipped. All succeed or none.
 */
export async function simulateAddOrder(
  host: EvaluationHost,
  state: OrderbookState,
  order: Order,
  tasks: readonly PostTask[] = [],
): Promise<AddOrderOutcome> {
  const working = createWorkingState(state, host.orderbook.version)
  try {
    for (const task of tasks) {
      if (task.evaluable.bytecode === '0x') continue
      const step = runTask(host, working, order, task)
      if (step instanceof Promise) await step
    }
    return { kind: 'added', mutations: [{ kind: 'setOrders', orders: [order] }, ...working.mutations()] }
  } catch (error) {
    return { kind: 'not-comparable', reason: reasonOf(error) }
  }
}

function runTask(
  host: EvaluationHost,
  working: WorkingState,
  order: Order,
  { evaluable, signedContext = [] }: PostTask,
): void | Promise<void> {
  checkSignatures(signedContext, host.isContract)
  const { address } = host.orderbook
  const fqn = qualifiedNamespace(order.owner, address)
  const { store } = evaluable
  const evaluation: Evaluation = {
    evaluable,
    entryPoint: 'calculate-io',
    fqn,
    context: buildTaskContext(address, order.owner, hashOrder(order), signedContext),
    env: working.env,
    readWord: (key) => working.word(store, fqn, key),
  }
  const finish = (result: EvaluationResult): void => working.setWords(store, fqn, resultOf(result).writes)
  const run = host.interpreter.evaluate(evaluation)
  return run instanceof Promise ? run.then(finish) : finish(run)
}
