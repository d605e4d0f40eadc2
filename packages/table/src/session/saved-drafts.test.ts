import { FreshetError, type Store } from '@freshet/core'
import { createMemoryDisk, openMemoryStore } from '@freshet/storage/memory'
import { crashingStore, failingStore } from '@freshet/storage/testing'
import { expect, test } from 'vitest'
import { openLiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master } from '../master.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import { liveFixture, theirs } from '../testing/live-fixture.ts'

async function drafting() {
  const fixture = await liveFixture()
  const disk = createMemoryDisk()
  const open = async (wrap = (store: Store) => store, master: Master = fixture.master) => {
    const table = await openLiveTable(master, {
      cacheKey: 'products',
      preload: true,
      store: async (tables) => wrap(await openMemoryStore({ tables, disk })),
      ...fixture.time,
    })
    await table.listValues()
    await fixture.clock.advance(10)
    return table
  }
  const they = (set: { readonly [field: string]: string | number }) =>
    fixture.remote.patch('a', { set }, theirs())
  return { ...fixture, disk, open, they }
}

test('[LT40] a draft that was kept is opened again after a restart, on the row as it is then', async () => {
  const { open, they, clock, remote } = await drafting()
  const first = await open()
  const edit = await first.editRecord('a')
  edit.data['name'] = 'half-typ'
  edit.data['price'] = 'not a number'
  await they({ name: 'theirs' })
  await edit.refreshSnapshot()
  const draftId = await edit.saveDraft()
  expect(await edit.saveDraft()).toBe(draftId)
  await first.close()

  await they({ name: 'theirs again' })
  const second = await open()
  expect(await second.drafts()).toEqual([
    {
      draftId,
      id: 'a',
      isNew: false,
      isCurrent: true,
      savedAtUnixMs: expect.any(Number),
      local: { id: 'a', name: 'half-typ', price: 'not a number' },
    },
  ])
  const again = await second.openDraft(draftId)
  expect(again.getModifiedFields()).toEqual(['name', 'price'])
  // Still against what both sides started from.
  expect(again.conflicts()).toEqual([
    { field: 'name', base: 'Alpha', local: 'half-typ', remote: 'theirs again' },
  ])
  again.resolve('name', { value: 'both' })
  again.data['price'] = 12
  expect(await again.save()).toEqual({ kind: 'saved' })
  expect((await remote.get(['a']))[0]?.[1]).toMatchObject({ name: 'both', price: 12 })
  expect(await second.drafts()).toEqual([])
  await clock.advance(10)
})

test('[LT40] a draft is there as long as it has something that is nowhere else', async () => {
  const { open, faulty, clock } = await drafting()
  const table = await open()
  const edit = await table.editRecord('a')
  edit.data['name'] = 'one'
  const draftId = await edit.saveDraft()
  faulty.setOutage(true)
  edit.dispose()
  // Ending the session is not letting go of the draft.
  const again = await table.openDraft(draftId)
  const saving = again.save({ wait: 'local' })
  again.data['price'] = 13
  expect(await saving).toMatchObject({ kind: 'queued' })
  expect(await table.drafts()).toMatchObject([{ draftId, local: { price: 13 } }])
  expect(await again.save({ wait: 'local' })).toMatchObject({ kind: 'queued' })
  expect(await table.drafts()).toEqual([])
  await again.saveDraft()
  await table.discardDraft(draftId)
  expect(await table.drafts()).toEqual([])
  await expect(table.openDraft(draftId)).rejects.toMatchObject({ code: 'session/no-draft' })
  await clock.advance(10)
})

test('[LT40] a draft of a new record, and one of a row that is gone, go on too', async () => {
  const { open, remote, clock } = await drafting()
  const first = await open()
  const made = first.newRecord({ name: 'New' })
  const madeId = await made.saveDraft()
  const edit = await first.editRecord('a')
  edit.data['name'] = 'mine'
  const editId = await edit.saveDraft()
  await first.close()
  await remote.delete('a', theirs())

  const second = await open()
  const again = await second.openDraft(madeId)
  expect([again.id, again.isNew, again.local()]).toEqual([made.id, true, { name: 'New' }])
  expect(await again.save()).toEqual({ kind: 'created', id: made.id })
  const gone = await second.openDraft(editId)
  expect(gone.state).toBe('deleted')
  expect(await gone.recreate()).toEqual({ kind: 'created', id: 'a' })
  expect((await remote.get(['a']))[0]?.[1]).toMatchObject({ name: 'mine', price: 10 })
  await clock.advance(10)
})

test('[LT40] a draft of a new record that was saved before the crash finds nothing left to do', async () => {
  const { open, remote } = await drafting()
  const first = await open()
  const made = first.newRecord({ name: 'New', price: 1 })
  const draftId = await made.saveDraft()
  await remote.insert(made.id, { name: 'New', price: 1 }, theirs())
  await first.close()
  const second = await open()
  const again = await second.openDraft(draftId)
  expect([again.isNew, again.getModifiedFields(), again.conflicts()]).toEqual([false, [], []])
  expect(await again.save()).toEqual({ kind: 'saved' })
  expect(await second.drafts()).toEqual([])
})

test('[LT40] a draft of another schema is refused, typed, and kept', async () => {
  const { open, faulty } = await drafting()
  const first = await open()
  const edit = await first.editRecord('a')
  edit.data['name'] = 'mine'
  const draftId = await edit.saveDraft()
  await first.close()
  const { columns } = faulty.master.schema
  const schema = tableSchema({ columns: { ...columns, price: 'text', size: 'int' } })
  const second = await open((store) => store, { ...faulty.master, schema })
  await expect(second.openDraft(draftId)).rejects.toMatchObject({ code: 'session/draft-schema' })
  expect(await second.drafts()).toMatchObject([{ draftId, isCurrent: false, local: { name: 'mine' } }])
})

test('[LT40] a draft that the store refuses is told, and goes on in memory', async () => {
  let failure: FreshetError | undefined
  const { open } = await drafting()
  const table = await open((store) => failingStore(store, () => failure))
  const edit = await table.editRecord('a')
  edit.data['name'] = 'mine'
  failure = new FreshetError({ code: 'storage/full', kind: 'storage', message: 'full' })
  await expect(edit.saveDraft()).rejects.toMatchObject({ code: 'storage/full' })
  // A queued save is refused before it is acknowledged, too.
  expect(await edit.save({ wait: 'local' })).toMatchObject({ kind: 'error', error: { code: 'storage/full' } })
  expect(edit.getModifiedFields()).toEqual(['name'])
  failure = undefined
  await edit.saveDraft()
  expect(await table.drafts()).toHaveLength(1)
  const memory = createMemoryDatabase({ tables: { t: tableSchema({ columns: {} }) } }).master('t')
  const none = (await openLiveTable(memory)).newRecord()
  await expect(none.saveDraft()).rejects.toMatchObject({ code: 'session/no-store' })
})

test('[LT40] killed at any write, a kept draft is there as it was before or after', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let failAt = 1; failAt <= 12; failAt++) {
      const { open, clock, remote } = await drafting()
      const kept: (string | undefined)[] = [undefined]
      const first = await open((store) => crashingStore(store, { failAt: failAt + 1, when })).catch(
        () => undefined,
      )
      const edit = await first?.editRecord('a').catch(() => undefined)
      for (const name of ['one', 'two', 'three']) {
        edit?.set('name', name)
        await edit?.saveDraft().then(
          () => kept.push(name),
          () => {},
        )
      }
      const saved = await edit?.save({ wait: 'local' }).catch(() => undefined)
      await clock.advance(10)
      const second = await open()
      await clock.advance(1_000)
      const drafts = await second.drafts()
      const at = `${when} write ${failAt}`
      expect(drafts.length, at).toBeLessThanOrEqual(1)
      const [draft] = drafts
      // What was acknowledged is in the draft, or in the outbox, or at the remote.
      const acknowledged = kept.at(-1)
      const everywhere = JSON.stringify([
        draft?.local,
        await remote.get(['a']),
        second.outbox.queued().map(({ operation }) => operation.request),
      ])
      const rank = ['one', 'two', 'three'].findLastIndex((name) => everywhere.includes(name))
      expect(rank, at).toBeGreaterThanOrEqual(
        acknowledged ? ['one', 'two', 'three'].indexOf(acknowledged) : -1,
      )
      if (saved?.kind === 'queued') expect(everywhere, at).toContain('three')
      // And opened again it ends as it should.
      if (draft) {
        const again = await second.openDraft(draft.draftId)
        expect(await again.save(), at).toEqual({ kind: 'saved' })
        expect(await second.drafts(), at).toEqual([])
      }
    }
  }
})
