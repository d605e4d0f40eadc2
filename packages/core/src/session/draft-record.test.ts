import { expect, test } from 'vitest'
import { decimal, type Row } from '../value.ts'
import { createDraftRecord } from './draft-record.ts'
import type { Maybe } from './merge-field.ts'
import type { ColumnPolicy } from './merge-policies.ts'

const marty: Row = {
  name: 'Marty McFly',
  email: 'marty@gmail.com',
  balance: decimal('150.00'),
  inventory: { stock: 5, shelf: 'a' },
}

test('[E1] a remote change of another field is followed and the edit is kept', () => {
  const draft = createDraftRecord(marty, marty)
  draft.set('name', 'Calvin Klein')
  expect(draft.rebase({ ...marty, email: 'm@gmail.com' })).toEqual([])
  expect(draft.local()).toEqual({ ...marty, name: 'Calvin Klein', email: 'm@gmail.com' })
  expect(draft.modifiedFields()).toEqual(['name'])
})

test('[E1] a second look at the remote does not forget a conflict', () => {
  const draft = createDraftRecord(marty, marty)
  draft.set('email', 'mine@gmail.com')
  const remote = { ...marty, email: 'theirs@gmail.com' }
  expect(draft.rebase(remote)).toEqual(['email'])
  expect(draft.rebase(remote)).toEqual(['email'])
  expect(draft.snapshot).toBe(remote)
  expect(draft.conflicts()).toEqual([
    { field: 'email', base: 'marty@gmail.com', local: 'mine@gmail.com', remote: 'theirs@gmail.com' },
  ])
})

test.each([
  ['local' as const, 'mine', ['email']],
  ['remote' as const, 'theirs', []],
  [{ value: 'both' }, 'both', ['email']],
])('[E4] a conflict resolved by %j leaves %s', (how, value, modified) => {
  const draft = createDraftRecord({ email: 'old' }, { email: 'mine' })
  draft.rebase({ email: 'theirs' })
  draft.resolve('email', how)
  expect(draft.conflicts()).toEqual([])
  expect(draft.get('email')).toBe(value)
  expect(draft.modifiedFields()).toEqual(modified)
})

test('[E3] only the fields that differ are saved, guarded by what they were based on', () => {
  const draft = createDraftRecord(marty, marty, { columns: { balance: 'decimal' } })
  draft.set('name', 'Calvin')
  draft.set('balance', '150')
  draft.set('email', undefined)
  draft.set('nick', 'C')
  expect(draft.change()).toEqual({
    set: { name: 'Calvin', nick: 'C' },
    unset: ['email'],
    expect: { name: 'Marty McFly', email: 'marty@gmail.com', nick: undefined },
  })
})

test('[E3] a nested change is reported at the field, and at the leaf when asked', () => {
  const draft = createDraftRecord(marty, marty)
  draft.set('inventory', { stock: 4, shelf: 'a' })
  expect(draft.modifiedFields()).toEqual(['inventory'])
  expect(draft.modifiedFields({ deep: true })).toEqual(['inventory.stock'])
})

test('[E6] reverting takes one field, or all, back to the newest snapshot', () => {
  const draft = createDraftRecord({ a: 1, b: 1 }, { a: 2, b: 2 })
  draft.rebase({ a: 3, b: 1 })
  draft.revert('a')
  expect(draft.local()).toEqual({ a: 3, b: 2 })
  draft.revert()
  expect(draft.local()).toEqual({ a: 3, b: 1 })
  expect(draft.modifiedFields()).toEqual([])
})

const merges: readonly [ColumnPolicy, Maybe, Maybe, Maybe, Maybe][] = [
  ['atomic', 1, 2, 3, 'conflict'],
  ['counter', 10, 12, 9, 11],
  ['counter', decimal('0.1'), decimal('0.3'), decimal('1.1'), decimal('1.3')],
  ['counter', 10, 'x', 9, 'conflict'],
  ['set', ['a', 'b'], ['b', 'c'], ['a', 'b', 'd'], ['b', 'd', 'c']],
  ['merge', { x: 1, y: 1 }, { x: 2, y: 1 }, { x: 1, y: 3 }, { x: 2, y: 3 }],
  ['merge', { x: { p: 1, q: 1 } }, { x: { p: 2, q: 1 } }, { x: { p: 1 } }, { x: { p: 2 } }],
  ['merge', { x: 1 }, { x: 2 }, { x: 3 }, 'conflict'],
  ['text3', 'a\nb\nc\n', 'A\nb\nc\n', 'a\nb\nC\n', 'A\nb\nC\n'],
  ['text3', 'a', 'b', 'c', 'conflict'],
  ['text3', undefined, 'a\n', 7, 'conflict'],
  ['remoteWins', 1, 2, 3, 3],
  ['localWins', 1, 2, 3, 2],
  [(base, local, remote) => ({ value: [base, local, remote].map(String).join('') }), 1, 2, 3, '123'],
]

const rowOf = (f: Maybe): Row => (f === undefined ? {} : { f })

test.each(merges)('[E5] policy %s merges %j, %j and %j to %j', (policy, base, local, remote, merged) => {
  const draft = createDraftRecord(rowOf(base), rowOf(local), { policies: { f: policy } })
  const conflicts = draft.rebase(rowOf(remote))
  if (merged === 'conflict') expect(conflicts).toEqual(['f'])
  else expect([draft.get('f'), conflicts]).toEqual([merged, []])
})

test('[E3] a field named like a part of every object is only a field', () => {
  const hostile: Row = JSON.parse('{"__proto__": 1, "constructor": 2}')
  const draft = createDraftRecord(hostile, hostile)
  draft.set('__proto__', 3)
  expect(Object.getOwnPropertyDescriptor(draft.local(), '__proto__')?.value).toBe(3)
  expect(draft.isModified('toString')).toBe(false)
})

test('[E7] what was typed during a save stays, what was stored otherwise is told', () => {
  const draft = createDraftRecord({ a: 1, b: 1, c: 1, d: 1 }, { a: 1, b: 1, c: 1, d: 1 })
  draft.set('a', 2)
  draft.set('b', 2)
  draft.set('c', 2)
  const sent = draft.change()
  draft.set('b', 3)
  expect(draft.accept({ a: 2, b: 2, c: 9, d: 5 }, sent)).toEqual(['c'])
  expect(draft.local()).toEqual({ a: 2, b: 3, c: 2, d: 5 })
  expect(draft.modifiedFields()).toEqual(['b', 'c'])
  expect(draft.conflicts()).toEqual([])
  expect(draft.change().expect).toEqual({ b: 2, c: 9 })
})

test('[E1] a draft that is opened again has the conflicts it was kept with', () => {
  const kept = createDraftRecord({ a: 'old', b: 1 }, { a: 'mine', b: 2 })
  kept.rebase({ a: 'theirs', b: 1 })
  const conflicts = kept.conflicts()
  const opened = createDraftRecord(kept.snapshot, kept.local(), { conflicts })
  expect([opened.conflicts(), opened.modifiedFields()]).toEqual([conflicts, ['a', 'b']])
  // Without them the remote's value would be the base, and a second look would take the edit for a plain one.
  expect(opened.rebase({ a: 'theirs again', b: 1 })).toEqual(['a'])
  expect(opened.conflicts()).toEqual([{ field: 'a', base: 'old', local: 'mine', remote: 'theirs again' }])
  opened.rebase({ a: 'old', b: 1 })
  expect(opened.conflicts()).toEqual([])
})
