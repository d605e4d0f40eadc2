import type { ApplyOutcome, LogBatch, Need, Position } from './batch.ts'
import type { Deferrals } from './deferral.ts'
import { createDraft, rowKeyText, type DraftWrite, type WorkingDraft } from './draft.ts'
import type { History, HistoryEntry } from './history.ts'
import { deferredDelete, deferredWrite, historyDelete, historyWrite } from './intake-records.ts'
import type { KernelRules } from './kernel.ts'
import type { Projection } from './projection.ts'
import type { StoreWrite } from './store.ts'
import type { Row } from './value.ts'

/** What the log side of a replica works on. */
export type LogKernel<F> = {
  readonly projection: Projection<F>
  readonly history: History<F>
  readonly deferrals: Deferrals<F>
  readonly rules: KernelRules
  readonly position: Position
  /** How many positions behind the newest a rewind can reach. */
  readonly keepPositions: number
  isReady(need: Need): boolean
  confirmed(table: string, id: string): Row | undefined
  /** @throws when there is no room for these rows. */
  checkWrites(writes: readonly DraftWrite[]): void
}

/** A worked-out change: nothing of it is visible yet, but history and deferrals have moved. */
export type LogResult = {
  readonly outcome: ApplyOutcome
  readonly position: Position
  readonly writes: readonly DraftWrite[]
  readonly storeWrites: readonly StoreWrite[]
}

/**
 * Works out what a stretch of a log changes [A2, A3].
 *
 * @throws what the projection throws; then nothing has changed.
 */
export function applyLogBatch<F>(kernel: LogKernel<F>, batch: LogBatch<F>): LogResult {
  return orRestore(kernel, () => workOut(kernel, batch))
}

function workOut<F>(kernel: LogKernel<F>, batch: LogBatch<F>): LogResult {
  const unchanged = (outcome: ApplyOutcome): LogResult => ({
    outcome,
    position: kernel.position,
    writes: [],
    storeWrites: [],
  })
  const rewindTo = kernel.rules.rewind === false ? undefined : batch.rewindTo
  if (rewindTo !== undefined && rewindTo < kernel.position) return rewind(kernel, batch, rewindTo)
  const dropsCovered = kernel.rules.dropCovered !== false
  if (batch.upTo <= kernel.position && dropsCovered) return unchanged({ kind: 'covered' })
  if (batch.after !== kernel.position && dropsCovered) {
    return unchanged({ kind: 'gap', position: kernel.position })
  }
  const draft = createDraft(kernel.confirmed)
  return finish(kernel, draft, batch, take(kernel, draft, batch))
}

/**
 * Applies a batch that waited and may go now.
 *
 * @throws what the projection throws; then nothing has changed.
 */
export function applyLateBatch<F>(kernel: LogKernel<F>, number: number, batch: LogBatch<F>): LogResult {
  const draft = createDraft(kernel.confirmed)
  kernel.projection.apply(draft, batch.facts)
  const writes = [...draft.writes()]
  kernel.checkWrites(writes)
  kernel.deferrals.remove(number)
  const entry = kernel.history.append({
    upTo: batch.upTo,
    mark: undefined,
    undo: draft.takeUndo(),
    lateFacts: batch.facts,
  })
  return {
    outcome: { kind: 'applied', changedRows: writes.length },
    position: kernel.position,
    writes,
    storeWrites: [deferredDelete(number), historyWrite(entry)],
  }
}

function orRestore<F, T>({ history, deferrals }: LogKernel<F>, work: () => T): T {
  const restore = [history.save(), deferrals.save()]
  try {
    return work()
  } catch (error) {
    for (const goBack of restore) goBack()
    throw error
  }
}

/** Projects a batch onto the draft, or parks it; returns the records that say so. */
function take<F>(
  kernel: LogKernel<F>,
  draft: WorkingDraft,
  batch: LogBatch<F>,
): { parkedFor: readonly Need[] | undefined; storeWrites: StoreWrite[] } {
  const { projection, history, deferrals } = kernel
  const needs = [...new Set(batch.facts.flatMap((fact) => projection.needs?.(fact) ?? []))]
  const unmet = needs.filter((need) => !kernel.isReady(need))
  // Keys are only worked out when something waits: they cost as much as applying.
  const waits = unmet.length > 0 || deferrals.size > 0
  const keys = waits ? keysOf(projection, batch.facts) : new Set<string>()
  const blocked = kernel.rules.deferSameKeys !== false && deferrals.blocks(keys)
  const { upTo, mark } = batch
  if (unmet.length > 0 || blocked) {
    const deferred = deferrals.add({ batch: withoutRewind(batch), needs, keys, receivedAt: 0 })
    const entry = history.append({ upTo, mark, undo: [], lateFacts: undefined })
    return {
      parkedFor: deferrals.needs(kernel.isReady),
      storeWrites: [deferredWrite(deferred), historyWrite(entry)],
    }
  }
  projection.apply(draft, batch.facts)
  const entry = history.append({ upTo, mark, undo: draft.takeUndo(), lateFacts: undefined })
  return { parkedFor: undefined, storeWrites: [historyWrite(entry)] }
}

function finish<F>(
  kernel: LogKernel<F>,
  draft: WorkingDraft,
  batch: LogBatch<F>,
  taken: { parkedFor: readonly Need[] | undefined; storeWrites: StoreWrite[] },
): LogResult {
  const writes = [...draft.writes()]
  kernel.checkWrites(writes)
  const bound = Math.max(batch.finalizedTo ?? -Infinity, batch.upTo - kernel.keepPositions)
  const forgotten = kernel.history.prune(bound).map((entry) => historyDelete(entry.number))
  return {
    outcome: taken.parkedFor
      ? { kind: 'parked', needs: taken.parkedFor }
      : { kind: 'applied', changedRows: writes.length },
    position: batch.upTo,
    writes,
    storeWrites: [...taken.storeWrites, ...forgotten],
  }
}

/**
 * Undoes what lies after `rewindTo`, applies again what had waited before it,
 * and then the batch, all on one draft: seen from outside it is one change.
 */
function rewind<F>(kernel: LogKernel<F>, batch: LogBatch<F>, rewindTo: Position): LogResult {
  const { history, deferrals, projection, position } = kernel
  const refused = (outcome: ApplyOutcome): LogResult => ({ outcome, position, writes: [], storeWrites: [] })
  if (rewindTo < history.oldest) return refused({ kind: 'beyond-history', oldest: history.oldest })
  const kept = keptPositionAtOrBefore(history, rewindTo)
  // The replica keeps whole stretches: one that straddles the fork must be sent again from its start.
  if (kept !== batch.after) return refused({ kind: 'gap', position: kept })

  const draft = createDraft(kernel.confirmed)
  const taken = history.takeBack(kept) ?? []
  for (const entry of taken) draft.restore(entry.undo)
  draft.takeUndo()
  const dropped = deferrals.dropAfter(kept)
  const late = taken.filter((entry) => entry.lateFacts && entry.upTo <= kept).reverse()
  const storeWrites: StoreWrite[] = [
    ...taken.map((entry) => historyDelete(entry.number)),
    ...dropped.map((deferred) => deferredDelete(deferred.number)),
    ...late.map((entry) => applyAgain(projection, history, draft, entry)),
  ]
  const result = finish(kernel, draft, batch, take(kernel, draft, batch))
  return { ...result, storeWrites: [...storeWrites, ...result.storeWrites] }
}

function applyAgain<F>(
  projection: Projection<F>,
  history: History<F>,
  draft: WorkingDraft,
  { upTo, lateFacts = [] }: HistoryEntry<F>,
): StoreWrite {
  projection.apply(draft, lateFacts)
  return historyWrite(history.append({ upTo, mark: undefined, undo: draft.takeUndo(), lateFacts }))
}

/** Where undoing everything after `rewindTo` leads to. */
function keptPositionAtOrBefore<F>(history: History<F>, rewindTo: Position): Position {
  let kept = history.oldest
  for (const entry of history.entries()) {
    if (entry.upTo > rewindTo) break
    kept = Math.max(kept, entry.upTo)
  }
  return kept
}

function keysOf<F>(projection: Projection<F>, facts: readonly F[]): ReadonlySet<string> {
  return new Set(facts.flatMap((fact) => projection.keys(fact).map(({ table, id }) => rowKeyText(table, id))))
}

function withoutRewind<F>({ rewindTo: _, ...batch }: LogBatch<F>): LogBatch<F> {
  return batch
}
