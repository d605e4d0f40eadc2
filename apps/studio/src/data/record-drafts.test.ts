import { createVirtualClock } from '@freshet/core/testing'
import { createLiveTable, tableSchema } from '@freshet/table'
import { createMemoryDatabase } from '@freshet/table/memory'
import { expect, test } from 'vitest'
import { createRecordDrafts } from './record-drafts.ts'
import { createWriteLedger } from './write-ledger.ts'

const schema = tableSchema({ columns: { name: 'text', price: 'int' } })

async function drafting() {
  const clock = createVirtualClock()
  const database = createMemoryDatabase({ tables: { pie: schema }, clock })
  const live = createLiveTable(database.master('pie'), { preload: true, offlineWrites: true, clock })
  for (const id of ['apple', 'plum']) await live.insert(id, { name: id, price: 3 })
  await clock.advance(10)
  const writes = createWriteLedger(clock, (operationId) => void live.outbox.discard(operationId))
  live.outbox.subscribe(() => writes.queued(live.outbox.queued()))
  live.events.subscribe((event) => {
    if (event.kind === 'writeConfirmed') writes.confirmed(event.op)
    if (event.kind === 'writeReverted')
      writes.reverted(event.op, event.reason === 'conflict' ? 'conflict' : event.error)
  })
  const editRecord = (id: string) => live.editRecord(id, { track: 'auto' })
  const drafts = createRecordDrafts({ schema, writes, clock, editRecord })
  const show = async (id: string) => {
    drafts.show(id)
    await clock.advance(1)
    const card = drafts.get().shown
    if (card === undefined) throw new Error('No card is shown.')
    return card
  }
  const field = (name: string) =>
    drafts
      .get()
      .shown?.get()
      .fields.find((at) => at.field === name)
  return { clock, live, writes, drafts, show, field, remote: database.master('pie') }
}

test('[SU13] a card put aside keeps what was changed, and one without changes is let go', async () => {
  const { drafts, show } = await drafting()
  const apple = await show('apple')
  apple.set('price', 5)
  const plum = await show('plum')
  expect(drafts.get()).toMatchObject({ unsaved: ['apple'], shown: plum })
  drafts.hide()
  expect(drafts.get().cards).toEqual([apple])
  expect(await show('apple')).toBe(apple)
  expect(apple.get().modified).toEqual(['price'])
  drafts.discard('apple')
  expect(drafts.get()).toMatchObject({ cards: [], unsaved: [], shown: undefined })
})

test('[SU13] what someone else changes is marked for a while, what is typed or saved here is not', async () => {
  const { show, field, clock, remote } = await drafting()
  const card = await show('apple')
  card.set('name', 'Apple')
  await remote.patch('apple', { set: { price: 4 } }, { opId: 'theirs' })
  await clock.advance(10)
  expect(field('price')).toMatchObject({ state: 'followed', value: 4 })
  expect(field('name')).toMatchObject({ state: 'modified' })
  await clock.advance(10_000)
  expect(field('price')?.state).toBe('clean')
  card.save()
  await clock.advance(10)
  expect(field('name')?.state).toBe('clean')
  expect(card.get().last).toEqual({ kind: 'saved' })
})

test('[SU14] a save that fails while its card is put aside leaves the draft to be opened again', async () => {
  const { drafts, show, writes, clock, remote, live } = await drafting()
  const card = await show('apple')
  card.set('name', 'Apple')
  card.save()
  drafts.hide()
  // Before the save gets there.
  await remote.delete('apple', { opId: 'theirs' })
  await clock.advance(10)
  expect(drafts.get().unsaved).toEqual(['apple'])
  expect(card.get()).toMatchObject({ record: 'deleted', modified: ['name'] })
  // The card tells of it; in the queue it stays until somebody decides.
  expect(writes.open.get()).toMatchObject([{ outcome: { kind: 'rejected', stays: true, atCard: true } }])
  drafts.discard('apple')
  await clock.advance(10)
  expect([writes.open.get(), live.outbox.queued()]).toEqual([[], []])
})

test('[SU13] a card that cannot be opened says why', async () => {
  const { drafts, clock } = await drafting()
  drafts.show('nowhere')
  await clock.advance(1)
  expect(drafts.get().trouble).toMatch(/There is no row "nowhere"/)
})
