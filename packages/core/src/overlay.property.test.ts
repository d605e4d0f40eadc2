import { expect, test } from 'vitest'
import { applyEdit, type RowEdit } from './overlay.ts'
import { randomBelow, type Random } from './random.ts'
import { createReplica } from './replica.ts'
import { gone, put } from './testing/facts.ts'
import { createSeededRandom } from './testing/seeded-random.ts'
import { toyTable } from './testing/toy-table.ts'
import { createVirtualClock } from './testing/virtual-clock.ts'
import type { Row } from './value.ts'

type Write = { readonly operationId: string; readonly id: string; readonly edit: RowEdit }

/** The visible rows by definition: what is confirmed, with the pending writes of each row over it in order. */
function naiveFold(confirmed: ReadonlyMap<string, Row>, writes: readonly Write[]): Record<string, Row> {
  const visible = new Map<string, Row | undefined>(confirmed)
  for (const { id, edit } of writes) {
    const before = visible.get(id)
    visible.set(id, applyEdit(before, edit.kind === 'upsert' ? upsertAs(before, edit.set) : edit))
  }
  return Object.fromEntries([...visible].flatMap(([id, row]) => (row ? [[id, row]] : [])))
}

/** An upsert by definition. */
function upsertAs(row: Row | undefined, set: Row): RowEdit {
  return row ? { kind: 'patch', set } : { kind: 'insert', row: set }
}

function someRow(random: Random): Row {
  return {
    a: randomBelow(random, 3),
    b: randomBelow(random, 3),
    ...(randomBelow(random, 2) === 0 ? { c: 1 } : {}),
  }
}

function someEdit(random: Random): RowEdit {
  switch (randomBelow(random, 7)) {
    case 0:
      return { kind: 'insert', row: someRow(random) }
    case 1:
      return { kind: 'replace', row: someRow(random) }
    case 2:
      return { kind: 'delete' }
    case 3:
      return { kind: 'patch', set: {}, unset: ['c'] }
    case 4:
      return { kind: 'upsert', set: { a: randomBelow(random, 3) } }
    default:
      return {
        kind: 'patch',
        set: randomBelow(random, 2) === 0 ? { a: randomBelow(random, 3) } : { b: randomBelow(random, 3) },
      }
  }
}

function runHistory(random: Random): void {
  const replica = createReplica({ name: 'r', tables: [{ name: toyTable }], clock: createVirtualClock() })
  const rows = replica.collection(toyTable)
  const view = rows.view({ order: [{ field: 'a', direction: 'asc' }] })
  const confirmed = new Map<string, Row>()
  let writes: Write[] = []
  let told = 0
  rows.subscribe(() => told++)

  for (let step = 0; step < 40; step++) {
    const id = `row${randomBelow(random, 3)}`
    const roll = randomBelow(random, 10)
    if (roll < 4) {
      const write = { operationId: `op${step}`, id, edit: someEdit(random) }
      writes.push(write)
      replica.addLayer({ ...write, table: toyTable })
    } else if (roll < 6 && writes.length > 0) {
      const [write] = writes.splice(randomBelow(random, writes.length), 1)
      replica.dropLayer(write?.operationId ?? '')
    } else if (roll < 7 && writes.length > 0) {
      // Confirmed by the remote: the row as stored and the fall of its layer are one batch.
      const {
        operationId,
        id: written,
        edit,
      } = writes.find((write) => write.id === id) ?? { operationId: '', id, edit: undefined }
      const stored = edit ? applyEdit(confirmed.get(written), edit) : confirmed.get(id)
      writes = writes.filter((write) => write.operationId !== operationId)
      if (stored) confirmed.set(written, stored)
      else confirmed.delete(written)
      const before = told
      const facts = [stored ? put(written, stored) : gone(written)]
      replica.apply({ kind: 'state', startedAt: 'live', facts, acks: [{ operationId }] })
      expect(told - before).toBeLessThanOrEqual(1)
    } else {
      const row = randomBelow(random, 4) === 0 ? undefined : someRow(random)
      if (row) confirmed.set(id, row)
      else confirmed.delete(id)
      replica.apply({ kind: 'state', startedAt: 'live', facts: [row ? put(id, row) : gone(id)] })
    }
    const expected = naiveFold(confirmed, writes)
    expect(Object.fromEntries(rows.entries())).toEqual(expected)
    expect(view.snapshot().rows).toHaveLength(Object.keys(expected).length)
    for (const key of ['row0', 'row1', 'row2']) expect(rows.confirmed(key)).toEqual(confirmed.get(key))
    expect(replica.overlay.size).toBe(writes.length)
  }
}

test('[O1] [O2] [O4] through writes, undoing, confirmation and remote changes the visible rows equal a naive fold', () => {
  for (let seed = 1; seed <= 300; seed++) {
    expect(() => runHistory(createSeededRandom(seed)), `seed ${seed}`).not.toThrow()
  }
})
