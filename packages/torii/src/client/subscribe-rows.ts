import { type Clock, type Collection, type OrderTerm, type Replica, type Row } from '@freshet/core'
import { toKernelFilter, type EntityFilter } from './entity-filter.ts'
import { idOf, queryEntities } from './entity-query.ts'
import { paced, type Pace } from './paced.ts'
import { nothingCame, showsSame, watchStoredRows, type Shown } from './stored-rows.ts'
import { compileSelector, type EntitySelector } from './selector.ts'
import type { WorldCore } from './world-core.ts'

export type SubscribeOptions = Pace & {
  readonly filter?: EntityFilter | undefined
  readonly order?: readonly OrderTerm[] | undefined
  readonly limit?: number | undefined
}

/** Rows that became other ones, confirmed or pending. */
export type EntityUpdate = { readonly model: string; readonly ids: readonly string[] | 'all' }

/** Tells the selected members of a live result now and after each batch that changed it. */
export function subscribeRows(
  { replica, firstWindow, loaded }: Pick<WorldCore, 'replica' | 'firstWindow' | 'loaded'>,
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
  const collection = replica.collection(model)
  const query = { filter: toKernelFilter(filter), order, limit }
  if (filter.hashedKeys)
    return subscribeIds(collection, filter, { order, limit }, selectOnce, listener, clock, pace)
  const view = collection.view(query)
  const tell = paced<Shown>(clock, pace, ({ rows, ids }) => listener(rows.map(selectOnce), ids))
  let state: 'views' | 'window' | 'ended' = 'views'
  const stop = view.subscribe((snapshot) => {
    if (state === 'views') tell.push(snapshot)
  })
  tell.push(view.snapshot())
  let closeWindow = (): void => {}
  const hasEnded = (): boolean => state === 'ended'
  if (limit !== undefined && nothingCame(collection)) {
    const whole = (): void => {
      closeWindow()
      if (state === 'window' && !showsSame(view.snapshot(), window)) tell.push(view.snapshot())
      if (state !== 'ended') state = 'views'
      isWhole = true
    }
    let isWhole = false
    let window: Shown = { rows: [], ids: [] }
    // The disk knows the first rows before all are here; what comes meanwhile would show others first.
    void firstWindow(model, query).then((records) => {
      if (!records || records.length === 0 || isWhole || hasEnded()) return
      state = 'window'
      closeWindow = watchStoredRows(replica, model, records, (next) => tell.push((window = next)))
      // A listener may stop it from within.
      if (hasEnded()) closeWindow()
    })
    loaded.then(whole, whole)
  }
  return () => {
    state = 'ended'
    closeWindow()
    stop()
    tell.stop()
    view.close()
  }
}

/** Entities by id need no view: only what they become is looked at. */
function subscribeIds(
  collection: Collection,
  filter: EntityFilter,
  how: Pick<SubscribeOptions, 'order' | 'limit'>,
  select: (row: Row) => Row,
  listener: (rows: readonly Row[], ids: readonly string[]) => void,
  clock: Clock,
  pace: Pace,
): () => void {
  const wanted = new Set(filter.hashedKeys?.map(idOf))
  const tell = paced<undefined>(clock, pace, () => {
    const { rows, ids } = queryEntities(collection, undefined, { ...how, filter })
    listener(rows.map(select), ids)
  })
  tell.push(undefined)
  const stop = collection.subscribe(({ ids }) => {
    if (ids === 'all' || ids.some((id) => wanted.has(id))) tell.push(undefined)
  })
  return () => {
    stop()
    tell.stop()
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
