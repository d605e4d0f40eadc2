import type { Value } from '@freshet/core'
import { expect, test } from 'vitest'
import { liveFixture, theirs } from '../testing/live-fixture.ts'
import { variedMaster } from '../testing/varied-master.ts'
import { createLiveTable } from '../live-table.ts'
import type { LiveTableOptions } from '../live-table-options.ts'

async function editing(options: LiveTableOptions = {}) {
  const fixture = await liveFixture()
  const table = fixture.live({ preload: true, ...options })
  await table.listValues()
  const edit = await table.editRecord('a')
  await fixture.clock.advance(10)
  const they = (set: { readonly [field: string]: string | number }) =>
    fixture.remote.patch('a', { set }, theirs())
  const stored = async () => (await fixture.remote.get(['a']))[0]?.[1]
  return { ...fixture, table, edit, they, stored }
}

test('[LT37] the guard `version` refuses a save of a record in which anything was changed', async () => {
  const { edit, they, stored } = await editing()
  edit.data['name'] = 'mine'
  await they({ price: 99 })
  expect(await edit.save({ guard: 'version' })).toEqual({
    kind: 'conflict',
    reason: 'changed',
    conflicts: [],
  })
  expect(await stored()).toMatchObject({ name: 'Alpha', price: 99 })
  // The change was seen now.
  expect(edit.local()).toMatchObject({ name: 'mine', price: 99 })
  expect(await edit.save({ guard: 'version' })).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'mine', price: 99 })
})

test('[LT37] without a guard the last write wins', async () => {
  const { edit, they, stored } = await editing()
  edit.data['name'] = 'mine'
  await they({ name: 'theirs', price: 99 })
  expect(await edit.save({ guard: 'none' })).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'mine', price: 99 })
})

test('[LT37] a delete is refused while something in the record is not as it was seen, unless it is forced', async () => {
  const { edit, they, remote } = await editing()
  await they({ price: 99 })
  expect(await edit.delete()).toEqual({ kind: 'conflict', reason: 'changed', conflicts: [] })
  expect(edit.state).toBe('editing')
  // Seen now.
  expect(await edit.delete()).toEqual({ kind: 'saved' })
  expect([edit.state, await remote.get(['a'])]).toEqual(['gone', []])
  const forced = await editing()
  await forced.they({ price: 99 })
  expect(await forced.edit.delete({ guard: 'none' })).toEqual({ kind: 'saved' })
  expect(await forced.remote.get(['a'])).toEqual([])
})

test('[LT37] deleting what was deleted is done already; deleting a new record lets it go', async () => {
  const { edit, remote, table, faulty } = await editing()
  await remote.delete('a', theirs())
  expect(await edit.delete()).toEqual({ kind: 'saved' })
  const before = faulty.requests.delete
  const made = table.newRecord({ name: 'New' })
  expect([await made.delete(), made.state]).toEqual([{ kind: 'saved' }, 'gone'])
  expect(faulty.requests.delete).toBe(before)
})

test('[LT37] a queued delete whose row was changed brings the record back, and can be forced', async () => {
  const { edit, they, remote, faulty, clock, table } = await editing({ offlineWrites: true })
  faulty.setOutage(true)
  expect(await edit.delete({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  expect([edit.state, table.get('a')]).toEqual(['gone', undefined])
  await they({ price: 99 })
  faulty.setOutage(false)
  await clock.advance(60_000)
  expect([edit.state, table.get('a')]).toMatchObject(['editing', { price: 99 }])
  expect(table.outbox.queued()).toMatchObject([{ state: 'failed', failure: { kind: 'conflict' } }])
  expect(await edit.delete({ guard: 'none' })).toEqual({ kind: 'saved' })
  expect([await remote.get(['a']), table.outbox.queued()]).toEqual([[], []])
})

test('[LT41] an answer that was lost is settled by reading', async () => {
  const { edit, faulty, stored } = await editing()
  edit.data['name'] = 'mine'
  faulty.loseReply('patch')
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect([await stored(), edit.getModifiedFields()]).toMatchObject([{ name: 'mine' }, []])
  expect(faulty.requests.patch).toBe(1)
})

test('[LT41] what cannot be settled by reading stays an edit; saving it again finds that it was taken', async () => {
  const { edit, faulty, stored } = await editing()
  edit.data['name'] = 'mine'
  faulty.loseReply('patch')
  faulty.loseReply('get')
  expect(await edit.save()).toMatchObject({ kind: 'error', error: { code: 'table/unreachable' } })
  expect(edit.getModifiedFields()).toEqual(['name'])
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ name: 'mine' })
})

test('[LT41] a field stored otherwise is told with its cause, and adopted when asked', async () => {
  const { edit, faulty, remote } = await editing()
  const { patch } = faulty.master
  faulty.master.patch = (id, { set }, options) =>
    patch(id, { set: { ...set, name: trimmed(set['name']) } }, options)
  edit.data['name'] = ' mine '
  edit.data['price'] = 11
  const partial = { field: 'name', sent: ' mine ', stored: 'mine' }
  expect(await edit.save()).toEqual({ kind: 'partial', fields: [{ ...partial, cause: 'coerced' }] })
  expect(edit.getModifiedFields()).toEqual(['name'])
  // Only that is sent again; adopting it ends the circle.
  edit.acceptStored(['name'])
  expect([edit.get('name'), await edit.save()]).toEqual(['mine', { kind: 'saved' }])
  expect((await remote.get(['a']))[0]?.[1]).toMatchObject({ name: 'mine', price: 11 })
})

test('[LT41] where the master does not return rows, the cause of a difference is not known', async () => {
  const fixture = await liveFixture()
  const plain = variedMaster(fixture.master, {
    returnedRow: false,
    versions: false,
    opEcho: true,
    touchedOnly: false,
    lossless: true,
    evaluates: true,
  })
  const { patch } = plain
  const master = {
    ...plain,
    patch: ((id, { set }, options) =>
      patch(id, { set: { ...set, name: trimmed(set['name']) } }, options)) satisfies typeof patch,
  }
  const table = createLiveTable(master, { preload: true, ...fixture.time })
  const edit = await table.editRecord('a')
  edit.data['name'] = ' mine '
  const [result] = await Promise.all([edit.save(), fixture.clock.advance(100)])
  expect(result).toMatchObject({
    kind: 'partial',
    fields: [{ field: 'name', stored: 'mine', cause: 'unknown' }],
  })
})

test('[LT41] a field that was seen as it was sent, and is another now, was overwritten', async () => {
  const fixture = await liveFixture()
  const { remote } = fixture
  const plain = variedMaster(fixture.master, {
    returnedRow: false,
    versions: false,
    opEcho: false,
    touchedOnly: false,
    lossless: false,
    evaluates: true,
  })
  const table = createLiveTable(plain, { preload: true, ...fixture.time })
  const seen: unknown[] = []
  table.collection.subscribe(() => seen.push(table.collection.confirmed('a')?.['name']))
  await table.listValues()
  await fixture.clock.advance(100)
  // Its answer comes when the row has been shown as it was sent, and somebody else has written it since.
  const { patch } = plain
  plain.patch = async (id, change, options) => {
    const answer = await patch(id, change, options)
    await fixture.clock.advance(50)
    expect(seen).toContain('mine')
    await remote.patch('a', { set: { name: 'theirs' } }, theirs())
    await fixture.clock.advance(50)
    return answer
  }
  const edit = await table.editRecord('a')
  edit.data['name'] = 'mine'
  edit.data['price'] = 11
  const [result] = await Promise.all([edit.save(), fixture.clock.advance(500)])
  expect(result).toEqual({
    kind: 'partial',
    fields: [{ field: 'name', sent: 'mine', stored: 'theirs', cause: 'overwritten' }],
  })
  // It is what the table holds, and nothing is left to be sent.
  expect([edit.get('name'), edit.getModifiedFields()]).toEqual(['theirs', []])
  await table.close()
})

test('[LT41] an id that the database makes is asked for once; of a lost answer both possibilities are told', async () => {
  const { table, faulty, remote } = await editing()
  const edit = table.newRecord({ name: 'New', price: 1 }, { id: 'backend' })
  faulty.loseReply('insertReturnId')
  const result = await edit.save()
  expect(result).toMatchObject({ kind: 'error' })
  expect(result.kind === 'error' && result.error.message).toMatch(/may (have been taken|be unknown)/)
  expect([faulty.requests.insertReturnId, await remote.count()]).toEqual([1, 4])
  expect([edit.isNew, edit.local()]).toEqual([true, { name: 'New', price: 1 }])
})

test('[LT41] a field that the table lacks comes back at the field, and the draft is kept', async () => {
  const { edit, stored } = await editing()
  edit.set('nosuch', 1)
  let deep: Value = 'half-typed'
  for (let level = 0; level < 80; level++) deep = [deep]
  edit.set('name', deep)
  expect(await edit.save()).toMatchObject({ kind: 'error', fieldErrors: [{ field: 'name' }] })
  edit.set('name', 'mine')
  const result = await edit.save()
  if (result.kind === 'error') expect(result.fieldErrors).toMatchObject([{ field: 'nosuch' }])
  expect(edit.get('nosuch')).toBe(1)
  expect(await stored()).toMatchObject({ price: 10 })
})

function trimmed(value: Value | undefined): string {
  return typeof value === 'string' ? value.trim() : ''
}
