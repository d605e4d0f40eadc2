import { aggregate, type Aggregate } from '../aggregate.ts'
import { createCollection, type Collection, type CollectionWriter } from '../collection.ts'
import type { Query } from '../query.ts'
import { valueKey } from '../query-key.ts'
import { valuesEqual } from '../value-equality.ts'
import type { Row } from '../value.ts'
import type { View, ViewSnapshot } from '../view.ts'
import { viewsColumns, type ViewsChange, type ViewsStep } from './views-history.ts'
import { expectedAggregate, expectedView, type ExpectedView } from './views-oracle.ts'

/** A rule that can be switched off to show that the harness notices. */
export type ViewsRule = 'Q1' | 'O1'

/**
 * Plays a history on a collection and on a plain model of it.
 *
 * @returns What differed, in words, one line for each wrong row or promise; empty when all is well.
 */
export function runViewsHistory(steps: readonly ViewsStep[], without?: ViewsRule): readonly string[] {
  const wrong: string[] = []
  const { collection, writer } = createCollection({
    name: 'rows',
    columns: viewsColumns,
    onListenerError: (error) => wrong.push(`a listener threw ${String(error)}`),
  })
  const model = createModel()
  const watched: Watched[] = []
  let seq = 0

  steps.forEach((step, at) => {
    const report = (what: string): number => wrong.push(`step ${at}: ${what}`)
    const apply = (work: () => void, rows = 0): void => {
      writer.begin(rows)
      work()
      if (without !== 'Q1') writer.settle()
      writer.notify()
    }
    const stamp = { seq: ++seq, epoch: 1, nowUnixMs: seq }
    switch (step.kind) {
      case 'batch':
        apply(() => {
          for (const change of step.changes) {
            model.change(change)
            write(writer, model, change, stamp, without)
          }
        })
        break
      case 'load':
        apply(() => {
          for (const [id, row] of step.rows) model.change({ kind: 'put', id, row })
          writer.load(step.rows, stamp)
        }, step.rows.length)
        break
      case 'clear':
        model.clear()
        apply(() => writer.clear())
        break
      case 'open':
        watched.push(watchView(collection, step.query, model))
        break
      case 'total':
        watched.push(watchAggregate(aggregate(collection, { filter: step.filter }, step.spec), step, model))
        break
      case 'close':
        for (const gone of watched.splice(step.which % Math.max(1, watched.length), 1)) gone.close()
        break
    }
    for (const one of watched) one.check(report)
    checkReads(collection, model, report)
  })
  return wrong
}

type Model = ReturnType<typeof createModel>

/** The same in plain maps, recomputed whenever it is asked. */
function createModel() {
  const confirmed = new Map<string, Row>()
  const layers = new Map<string, Row | 'hide'>()
  let complete = false
  return {
    confirmed,
    layers,
    get complete() {
      return complete
    },
    visible(): Map<string, Row> {
      const rows = new Map(confirmed)
      for (const [id, set] of layers) {
        const row = foldOf(set)(confirmed.get(id))
        if (row === undefined) rows.delete(id)
        else rows.set(id, row)
      }
      return rows
    },
    change(change: ViewsChange): void {
      if (change.kind === 'put') confirmed.set(change.id, change.row)
      else if (change.kind === 'remove') confirmed.delete(change.id)
      else if (change.kind === 'layer') layers.set(change.id, change.set)
      else if (change.kind === 'unlayer') layers.delete(change.id)
      else complete = change.complete
    },
    clear(): void {
      confirmed.clear()
      complete = false
    },
  }
}

function foldOf(set: Row | 'hide'): (row: Row | undefined) => Row | undefined {
  return (row) => (set === 'hide' ? undefined : { ...row, ...set })
}

function write(
  writer: CollectionWriter,
  model: Model,
  change: ViewsChange,
  stamp: { readonly seq: number; readonly epoch: number; readonly nowUnixMs: number },
  without: ViewsRule | undefined,
): void {
  if (change.kind === 'put') writer.put(change.id, change.row, stamp)
  else if (change.kind === 'remove') writer.remove(change.id, stamp)
  else if (change.kind === 'unlayer') writer.layer(change.id, undefined)
  else if (change.kind === 'complete') writer.setComplete(change.complete)
  else {
    const fold = foldOf(change.set)
    const frozen = fold(model.confirmed.get(change.id))
    // Switched off: the layer keeps what it once made of the row, and hides what the remote says later.
    writer.layer(change.id, without === 'O1' ? () => frozen : fold)
  }
}

type Report = (what: string) => void
type Watched = { check(report: Report): void; close(): void }

function watchView(collection: Collection, query: Query, model: Model): Watched {
  const view: View = collection.view(query)
  let calls = 0
  let last = view.snapshot()
  let kept = copyOf(last)
  view.subscribe((snapshot) => {
    calls++
    if (snapshot !== view.snapshot()) throw new Error('a listener was given an old snapshot')
  })
  return {
    check(report) {
      const now = view.snapshot()
      const changed = now !== last
      if (calls !== Number(changed)) report(`${calls} calls for ${changed ? 'a' : 'no'} change`)
      if (!sameAnswer(last, kept)) report('an earlier snapshot was changed')
      if (changed && sameAnswer(now, last)) report('a new snapshot without a change')
      compareView(now, expectedView(query, model.visible(), model.complete), collection, report)
      calls = 0
      last = now
      kept = copyOf(now)
    },
    close: () => view.close(),
  }
}

function compareView(
  now: ViewSnapshot,
  expected: ExpectedView,
  collection: Collection,
  report: Report,
): void {
  if (now.total !== expected.total) report(`total ${now.total}, not ${expected.total}`)
  if (now.complete !== expected.complete) report(`complete ${now.complete}`)
  const length = Math.max(now.ids.length, expected.ids.length, now.rows.length)
  for (let at = 0; at < length; at++) {
    const id = expected.ids[at]
    if (now.ids[at] !== id) report(`row ${at} is ${now.ids[at]}, not ${id}`)
    else if (id === undefined || now.rows[at] !== collection.get(id))
      report(`row ${at} is not the held row of ${id}`)
  }
}

function copyOf(snapshot: ViewSnapshot): ViewSnapshot {
  return { ...snapshot, rows: [...snapshot.rows], ids: [...snapshot.ids] }
}

function sameAnswer(a: ViewSnapshot, b: ViewSnapshot): boolean {
  const same = <T>(left: readonly T[], right: readonly T[]): boolean =>
    left.length === right.length && left.every((item, at) => item === right[at])
  return a.total === b.total && a.complete === b.complete && same(a.ids, b.ids) && same(a.rows, b.rows)
}

function watchAggregate(
  totals: Aggregate,
  asked: Extract<ViewsStep, { readonly kind: 'total' }>,
  model: Model,
): Watched {
  let calls = 0
  let last = totals.snapshot()
  totals.subscribe(() => calls++)
  return {
    check(report) {
      const now = totals.snapshot()
      if (calls !== Number(now !== last)) report(`${calls} calls of totals`)
      calls = 0
      last = now
      for (const { name, value, type } of expectedAggregate(asked, model.visible())) {
        const held = now.values[name] ?? null
        if (!valuesEqual(held, value, type)) report(`${name} is ${valueKey(held)}, not ${valueKey(value)}`)
      }
    },
    close: () => totals.close(),
  }
}

function checkReads(collection: Collection, model: Model, report: Report): void {
  const visible = model.visible()
  if (collection.size !== visible.size) report(`size ${collection.size}, not ${visible.size}`)
  const ids = new Set(collection.ids())
  if (ids.size !== visible.size) report(`${ids.size} ids, not ${visible.size}`)
  for (const id of visible.keys()) if (!ids.has(id)) report(`${id} is missing`)
  for (const id of ['r0', 'r1', 'r2', 'r3', 'r4', 'r5']) {
    const present = collection.get(id) !== undefined
    if (present !== visible.has(id)) report(`${id} is ${present ? 'present' : 'absent'}`)
    if ((collection.confirmed(id) !== undefined) !== model.confirmed.has(id))
      report(`confirmed ${id} is wrong`)
    const { kind } = collection.lookup(id)
    if ((kind === 'present') !== present) report(`lookup of ${id} says ${kind}`)
    if (kind === 'unknown' && collection.complete)
      report(`lookup of ${id} says ${kind} of a complete collection`)
    if ((collection.meta(id)?.pending ?? false) !== model.layers.has(id)) report(`pending of ${id} is wrong`)
  }
}
