import type { Order } from './order.ts'

/** One pair of an order, by the numbers of its tokens. */
export type OrderPair = { readonly inputIOIndex: number; readonly outputIOIndex: number }

/** Every pair of an order that is one: a token is not traded for itself. */
export function orderPairs({
  validInputs,
  validOutputs,
}: Pick<Order, 'validInputs' | 'validOutputs'>): readonly OrderPair[] {
  return validInputs.flatMap((input, inputIOIndex) =>
    validOutputs.flatMap((output, outputIOIndex) =>
      input.token === output.token ? [] : [{ inputIOIndex, outputIOIndex }],
    ),
  )
}
