import type { OperationOutcome } from '@freshet/core'
import { expect, test } from 'vitest'
import { liveFixture, theirs } from '../testing/live-fixture.ts'
import { createRecordEdit } from './record-edit.ts'
import type { EditOptions } from './record-edits.ts'

async function editing(id = 'a', options: EditOptions = {}) {
  const fixture = await liveFixture()
  const table = fixture.live({ preload: true })
  const edit = await table.editRecord(id, options)
  await fixture.clock.advance(10)
  const they = (set: { readonly [field: string]: string | number }) =>
    fixture.remote.patch(id, { set }, theirs())
  const stored = async () => (await fixture.remote.get([id]))[0]?.[1]
  return { ...fixture, table, edit, they, stored }
}

test('[LT31] a remote change of another field is no conflict, and a save keeps both', async () => {
  const { edit, they, stored } = await editing()
  edit.data['name'] = 'Alpha2'
  await they({ price: 99 })
  expect(await edit.refreshSnapshot()).toEqual([])
  expect(edit.local()).toMatchObject({ name: 'Alpha2', price: 99 })
  expect(edit.liveSnapshot).toMatchObject({ name: 'Alpha', price: 99 })
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'Alpha2', price: 99 })
  expect(edit.getModifiedFields()).toEqual([])
})

test('[LT31] a remote change of the same field is a conflict; saving again keeps mine', async () => {
  const { edit, they, stored, clock } = await editing()
  const begun = edit.snapshotTime.getTime()
  edit.data['name'] = 'mine'
  await they({ name: 'theirs' })
  await clock.advance(5)
  expect(await edit.refreshSnapshot()).toEqual(['name'])
  expect(edit.snapshotTime.getTime()).toBeGreaterThan(begun)
  expect(edit.liveSnapshot).toMatchObject({ name: 'theirs' })
  expect(edit.get('name')).toBe('mine')
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'mine' })
  expect(edit.conflicts()).toEqual([])
})

test('[LT31] reverting takes theirs', async () => {
  const { edit, they } = await editing()
  edit.data['name'] = 'mine'
  await they({ name: 'theirs' })
  await edit.refreshSnapshot()
  edit.revert()
  expect(edit.local()).toMatchObject({ name: 'theirs' })
  expect(await edit.save()).toEqual({ kind: 'saved' })
})

test('[LT32] a save overwrites nothing unseen: it answers with the conflict and keeps the draft', async () => {
  const { edit, they, stored } = await editing()
  edit.data['name'] = 'mine'
  await they({ name: 'theirs' })
  expect(await edit.save()).toEqual({
    kind: 'conflict',
    reason: 'changed',
    conflicts: [{ field: 'name', base: 'Alpha', local: 'mine', remote: 'theirs' }],
  })
  expect(await stored()).toMatchObject({ name: 'theirs' })
  expect(edit.get('name')).toBe('mine')
  edit.resolve('name', 'local')
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'mine' })
})

test('[LT32] only modified fields are sent, so a change elsewhere survives without being seen', async () => {
  const { edit, they, stored } = await editing()
  edit.data['name'] = 'mine'
  await they({ price: 77 })
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'mine', price: 77 })
  expect(edit.get('price')).toBe(77)
})

test('[LT32] a save of nothing asks nobody', async () => {
  const { edit, faulty } = await editing()
  const before = faulty.requests.patch
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(faulty.requests.patch).toBe(before)
})

test('[LT32] saves go one after the other, and what is typed meanwhile stays modified', async () => {
  const { edit, stored } = await editing()
  edit.data['name'] = 'one'
  const first = edit.save()
  await Promise.resolve()
  await Promise.resolve()
  edit.data['name'] = 'two'
  expect(await first).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'one' })
  expect(edit.getModifiedFields()).toEqual(['name'])
  expect(edit.conflicts()).toEqual([])
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'two' })
})

test('[LT31] an automatic session follows the row as it changes, and will not save over a conflict', async () => {
  const { edit, they, clock } = await editing('a', { track: 'auto' })
  let told = 0
  edit.subscribe(() => (told += 1))
  await they({ price: 5 })
  await clock.advance(10)
  expect(edit.data['price']).toBe(5)
  expect(told).toBeGreaterThan(0)
  edit.data['name'] = 'mine'
  await they({ name: 'theirs' })
  await clock.advance(10)
  expect(edit.conflicts()).toMatchObject([{ field: 'name', remote: 'theirs' }])
  expect(await edit.save()).toMatchObject({ kind: 'conflict', reason: 'changed' })
  edit.resolve('name', { value: 'both' })
  expect(await edit.save()).toEqual({ kind: 'saved' })
})

test('[LT33] a row deleted meanwhile keeps the draft, which can be made again', async () => {
  const { edit, remote, clock, stored } = await editing('a', { track: 'auto' })
  edit.data['name'] = 'mine'
  await remote.delete('a', theirs())
  await clock.advance(10)
  expect(edit.state).toBe('deleted')
  expect(await edit.save()).toEqual({ kind: 'conflict', reason: 'deleted', conflicts: [] })
  expect(edit.get('name')).toBe('mine')
  expect(await edit.recreate()).toEqual({ kind: 'created', id: 'a' })
  expect(await stored()).toMatchObject({ name: 'mine', price: 10 })
})

test('[LT33] a row deleted while nothing was edited is gone', async () => {
  const { edit, remote, clock } = await editing('a', { track: 'auto' })
  await remote.delete('a', theirs())
  await clock.advance(10)
  expect(edit.state).toBe('gone')
})

test('[LT33] a new record has a temporary id until the backend has made one', async () => {
  const { table, remote } = await editing()
  const edit = table.newRecord({ name: 'New' }, { id: 'backend' })
  expect(edit.id).toMatch(/^temp_/)
  edit.data['price'] = 1
  const saved = await edit.save()
  expect(saved).toEqual({ kind: 'created', id: edit.id })
  expect((await remote.get([edit.id]))[0]?.[1]).toMatchObject({ name: 'New', price: 1 })
  expect(edit.isNew).toBe(false)
})

test('[LT33] a new record under an id that is taken is a conflict, not a silent loss', async () => {
  const { table, stored } = await editing()
  const edit = table.newRecord({ id: 'a', name: 'Other', price: 10 }, { id: 'field' })
  expect(await edit.save()).toEqual({
    kind: 'conflict',
    reason: 'exists',
    conflicts: [{ field: 'name', base: undefined, local: 'Other', remote: 'Alpha' }],
  })
  expect(await stored()).toMatchObject({ name: 'Alpha' })
})

test('[LT34] a failed save keeps draft and snapshot, and can be tried again', async () => {
  const { edit, faulty } = await editing()
  edit.data['name'] = 'mine'
  faulty.setOutage(true)
  expect(await edit.save()).toMatchObject({ kind: 'error', error: { code: 'table/unreachable' } })
  expect(edit.getModifiedFields()).toEqual(['name'])
  expect(edit.liveSnapshot).toMatchObject({ name: 'Alpha' })
  faulty.setOutage(false)
  expect(await edit.save()).toEqual({ kind: 'saved' })
})

test('[LT34] sessions on one row see each other as remote, an exclusive one is alone', async () => {
  const { table, edit } = await editing()
  const other = await table.editRecord('a')
  edit.data['name'] = 'first'
  await edit.save()
  other.data['name'] = 'second'
  expect(await other.save()).toMatchObject({ kind: 'conflict', conflicts: [{ remote: 'first' }] })
  await expect(table.editRecord('a', { exclusive: true })).rejects.toMatchObject({
    code: 'session/in-progress',
  })
  edit.dispose()
  other.dispose()
  const alone = await table.editRecord('a', { exclusive: true })
  await expect(table.editRecord('a')).rejects.toMatchObject({ code: 'session/in-progress' })
  alone.dispose()
})

test('[LT34] after its end a session refuses; closing the table ends all', async () => {
  const { table, edit } = await editing()
  const disposed = table.newRecord()
  disposed.dispose()
  await expect(disposed.save()).rejects.toMatchObject({ code: 'session/disposed' })
  await table.close()
  expect(edit.state).toBe('disposed')
  expect(() => edit.set('name', 'x')).toThrow(expect.objectContaining({ code: 'session/disposed' }))
})

test('[LT31] nested members are edited in place and reported at the field, or the leaf', async () => {
  const { table } = await editing()
  const edit = table.newRecord({ inventory: { stock: 1, shelf: 'a' } })
  const { inventory } = edit.data
  Object.assign(inventory ?? {}, { stock: 2 })
  expect(edit.local()).toEqual({ inventory: { shelf: 'a', stock: 2 } })
  expect({ ...edit.data }).toEqual({ inventory: expect.anything() })
})

test('[LT35] rows that others changed are told, and a hint makes a row be read', async () => {
  const { table, they, clock, edit } = await editing()
  const told: string[] = []
  table.onRemoteChange((id) => told.push(id))
  await they({ price: 3 })
  await clock.advance(10)
  expect(told).toEqual(['a'])
  edit.data['name'] = 'mine'
  await edit.save({ guard: 'none' })
  await table.onBackendChange('a')
  expect(told).toEqual(['a'])
})

async function queueing() {
  const fixture = await liveFixture()
  const table = fixture.live({ preload: true, offlineWrites: true })
  await table.listValues()
  await fixture.clock.advance(10)
  const edit = await table.editRecord('a', { track: 'auto' })
  const they = (set: { readonly [field: string]: string | number }) =>
    fixture.remote.patch('a', { set }, theirs())
  const held = fixture.faulty.holdReply('patch')
  edit.data['name'] = 'mine'
  const result = await edit.save({ wait: 'local' })
  const settle = async (): Promise<void> => {
    await held.answered
    held.release()
    await fixture.clock.advance(10)
  }
  return { ...fixture, table, edit, they, result, settle }
}

test('[LT36] a queued save shows as saved while others change the row, and is what was confirmed', async () => {
  const { edit, they, result, settle, clock, remote } = await queueing()
  expect(result).toMatchObject({ kind: 'queued' })
  expect(edit.getModifiedFields()).toEqual([])
  await they({ price: 77 })
  await clock.advance(10)
  expect(edit.local()).toMatchObject({ name: 'mine', price: 77 })
  await settle()
  expect(edit.getModifiedFields()).toEqual([])
  expect((await remote.get(['a']))[0]?.[1]).toMatchObject({ name: 'mine', price: 77 })
})

test('[LT36] a queued save whose guard fails makes the draft stand again, in conflict', async () => {
  const fixture = await liveFixture()
  const table = fixture.live({ preload: true, offlineWrites: true })
  await table.listValues()
  await fixture.clock.advance(10)
  const edit = await table.editRecord('a', { track: 'auto' })
  fixture.faulty.setOutage(true)
  edit.data['name'] = 'mine'
  expect(await edit.save({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  edit.data['name'] = 'mine, later'
  expect(await edit.save({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  await fixture.remote.patch('a', { set: { name: 'theirs' } }, theirs())
  fixture.faulty.setOutage(false)
  await fixture.clock.advance(60_000)
  expect(edit.conflicts()).toEqual([{ field: 'name', base: 'Alpha', local: 'mine, later', remote: 'theirs' }])
  edit.resolve('name', 'local')
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect((await fixture.remote.get(['a']))[0]?.[1]).toMatchObject({ name: 'mine, later' })
})

test('[LT36] a queued save that is taken back is an edit again; one of a row deleted meanwhile keeps it', async () => {
  const fixture = await liveFixture()
  const table = fixture.live({ preload: true, offlineWrites: true })
  await table.listValues()
  await fixture.clock.advance(10)
  const edit = await table.editRecord('a', { track: 'auto' })
  fixture.faulty.setOutage(true)
  edit.data['name'] = 'mine'
  const saved = await edit.save({ wait: 'local' })
  await table.outbox.discard(saved.kind === 'queued' ? saved.operationId : '')
  await fixture.clock.advance(10)
  expect(edit.getModifiedFields()).toEqual(['name'])
  await edit.save({ wait: 'local' })
  await fixture.remote.delete('a', theirs())
  fixture.faulty.setOutage(false)
  await fixture.clock.advance(60_000)
  expect(edit.state).toBe('deleted')
  expect(edit.get('name')).toBe('mine')
  expect(await edit.recreate({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  expect(edit.state).toBe('editing')
  await fixture.clock.advance(10)
  expect((await fixture.remote.get(['a']))[0]?.[1]).toMatchObject({ name: 'mine', price: 10 })
})

test('[LT36] a draft made again while someone else made the row too is in conflict with theirs', async () => {
  const fixture = await liveFixture()
  const table = fixture.live({ preload: true, offlineWrites: true })
  await table.listValues()
  await fixture.clock.advance(10)
  const edit = await table.editRecord('a', { track: 'auto' })
  edit.data['name'] = 'mine'
  await fixture.remote.delete('a', theirs())
  await fixture.clock.advance(10)
  fixture.faulty.setOutage(true)
  await edit.recreate({ wait: 'local' })
  expect(edit.getModifiedFields()).toEqual([])
  await fixture.remote.insert('a', { name: 'theirs', price: 10 }, theirs())
  fixture.faulty.setOutage(false)
  await fixture.clock.advance(60_000)
  expect(edit.conflicts()).toEqual([{ field: 'name', base: undefined, local: 'mine', remote: 'theirs' }])
  edit.resolve('name', 'local')
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect((await fixture.remote.get(['a']))[0]?.[1]).toMatchObject({ name: 'mine', price: 10 })
})

/** A session on a row that is told by hand, whose saves are queued as `operation`. */
function toldByHand(row: { readonly name: string }, onPatch = (): void => {}) {
  let confirmed = row
  let settled = (_operationId: string, _outcome: OperationOutcome['kind']): void => {}
  const listeners = new Set<() => void>()
  const edit = createRecordEdit(
    {
      columns: { name: 'text' },
      idField: 'id',
      policies: {},
      nowUnixMs: () => 0,
      confirmed: () => confirmed,
      isKnown: () => true,
      refresh: async () => {},
      async patch() {
        onPatch()
        return { kind: 'queued', operationId: 'operation' }
      },
      insert: async () => ({ kind: 'deleted' }),
      insertReturnId: async () => ({ kind: 'deleted' }),
      delete: async () => ({ kind: 'deleted' }),
      discard() {},
      isParked: () => false,
      drafts: { write: async () => {}, remove: async () => {} },
      newDraftId: () => 'draft',
      onSettled(listener) {
        settled = listener
      },
      onChange(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      idChanged() {},
      disposed() {},
    },
    { id: 'a', snapshot: row, local: row, track: 'auto', newId: undefined },
  )
  return {
    edit,
    settle: (outcome: OperationOutcome['kind']) => settled('operation', outcome),
    tell(told: { readonly name: string }) {
      confirmed = told
      for (const listener of listeners) listener()
    },
  }
}

test('[LT36] a save refused before it is known to be queued makes the draft stand again', async () => {
  const { edit, settle } = toldByHand({ name: 'Alpha' }, () => settle('rejected'))
  edit.data['name'] = 'mine'
  expect(await edit.save({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  expect(edit.getModifiedFields()).toEqual(['name'])
})

test('[LT36] a queued save that is confirmed before its row comes is never shown as it was before', async () => {
  const { edit, settle, tell } = toldByHand({ name: 'Alpha' })
  edit.data['name'] = 'mine'
  await edit.save({ wait: 'local' })
  const shown = new Set<unknown>()
  edit.subscribe(() => shown.add(edit.get('name')))
  settle('confirmed')
  tell({ name: 'mine' })
  expect([...shown]).toEqual(['mine'])
  tell({ name: 'theirs' })
  expect(edit.get('name')).toBe('theirs')
})

test('[LT36] what others wrote over a queued save is shown once that is confirmed', async () => {
  const { edit, settle, tell } = toldByHand({ name: 'Alpha' })
  edit.data['name'] = 'mine'
  await edit.save({ wait: 'local' })
  tell({ name: 'theirs' })
  expect(edit.get('name')).toBe('mine')
  settle('confirmed')
  expect(edit.get('name')).toBe('theirs')
})
