import type { Clock, OrderTerm, Replica, Row } from '@freshet/core'
import { toKernelFilter, type EntityFilter } from './entity-filter.ts'
import { paced, type Pace } from './paced.ts'
import { compileSelector, type EntitySelector } from './selector.ts'

export type SubscribeOptions = Pace & {
  readonly filter?: EntityFilter | undefined
  readonly order?: readonly OrderTerm[] | undefined
  readonly limit?: number | undefined
}

/** Rows that became other ones, confirmed or pending. */
export type EntityUpdate = { readonly model: string; readonly ids: readonly string[] | 'all' }

/** Tells the selected members of a live result now and after each batch that changed it. */
export function subscribeRows(
  replica: Replica,
  model: string,
  selector: EntitySelector,
  listener: (rows: readonly Row[], ids: readonly string[]) => void,
  { filter = {}, order, limit, clock, ...pace }: SubscribeOptions & { readonly clock: Clock },
): () => void {
  const select = compileSelector(selector)
  const selected = new WeakMap<Row, Row>()
  const selectOnce = (row: Row): Row => {
    let known = selected.get(row)
    if (!known) selected.set(row, (known = select(row)))
    return known
  }
  const view = replica.collection(model).view({ filter: toKernelFilter(filter), order, limit })
  const tell = paced<ReturnType<typeof view.snapshot>>(clock, pace, ({ rows, ids }) =>
    listener(rows.map(selectOnce), ids),
  )
  const stop = view.subscribe(tell.push)
  tell.push(view.snapshot())
  return () => {
    stop()
    tell.stop()
    view.close()
  }
}

/** Tells of every model which rows changed in each batch. */
export function subscribeUpdates(
  replica: Replica,
  models: readonly string[],
  listener: (update: EntityUpdate) => void,
): () => void {
  const stops = models.map((model) =>
    replica.collection(model).subscribe(({ ids }) => listener({ model, ids })),
  )
  return () => {
    for (const stop of stops) stop()
  }
}
