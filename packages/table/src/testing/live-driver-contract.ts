import { FreshetError, type View, type ViewSnapshot } from '@freshet/core'
import { expect, test } from 'vitest'
import { asTable } from '../as-table.ts'
import { createLiveTable, type LiveTable } from '../live-table.ts'
import type { Master } from '../master.ts'

/** A table with the columns `name` (text) and `price` (int), empty, by two connections. */
export type LiveDriverUnderTest = {
  readonly ours: Master
  readonly theirs: Master
  close(): Promise<void>
}

/** What a live table does on every driver: its rows are those of the database, whoever writes. */
export function liveDriverContract(name: string, open: () => Promise<LiveDriverUnderTest>): void {
  for (const preload of [true, false]) {
    const kind = preload ? 'held whole' : 'read on demand'
    test(`[LT8] [LT18] ${name}, ${kind}: what others write shows, and what we write is stored`, async () => {
      const { ours, theirs, close } = await open()
      await theirs.insert('a', { name: 'Alpha', price: 10 }, { opId: 't1' })
      await theirs.insert('b', { name: 'Beta', price: 20 }, { opId: 't2' })
      const table = createLiveTable(ours, { preload })
      const view = table.view({ order: [{ field: 'price', direction: 'desc' }], limit: 2 })
      await shown(view, 'b,a')

      await theirs.insert('c', { name: 'Gamma', price: 15 }, { opId: 't3' })
      await shown(view, 'b,c')
      await theirs.patch('a', { set: { price: 30 } }, { opId: 't4' })
      await shown(view, 'a,b')
      await theirs.delete('b', { opId: 't5' })
      await shown(view, 'a,c')

      expect(await table.insertValue('d', { name: 'Delta', price: 40 })).toEqual({
        id: 'd',
        name: 'Delta',
        price: 40,
      })
      await shown(view, 'd,a')
      expect(await table.patchValue('d', { price: 5 })).toEqual({ id: 'd', name: 'Delta', price: 5 })
      await shown(view, 'a,c')
      expect(await table.patch('c', { set: { price: 1 } }, { expect: { price: 99 } })).toMatchObject({
        kind: 'conflict',
      })
      await table.delete('a')
      await shown(view, 'c,d')
      expect((await theirs.list({})).rows.map(([id]) => id)).toEqual(['c', 'd'])
      await sameAsPlain(table, ours)
      await searched(table, ours)
      view.close()
      await table.close()
      await close()
    })
  }
}

/** Waits until a view shows these ids. */
async function shown(view: View, ids: string): Promise<void> {
  const isShown = (snapshot: ViewSnapshot): boolean => snapshot.ids.join() === ids
  await new Promise<void>((resolve) => {
    const off = view.subscribe((snapshot) => {
      if (!isShown(snapshot)) return
      off()
      resolve()
    })
    if (isShown(view.snapshot())) resolve()
  })
}

/** A search finds what it looks for, by the table and by the plain master, or is refused by both. */
async function searched(table: LiveTable, master: Master): Promise<void> {
  const filter = table.searchExpression('GAM')
  const plain = asTable(master)
  expect(plain.searchExpression('GAM')).toEqual(filter)
  const taken = master.evaluates.filter(filter)
  const ids = async (of: () => Promise<ReadonlyMap<string, unknown>>): Promise<string> =>
    of().then(
      (rows) => [...rows.keys()].join(),
      (error: unknown) => (error instanceof FreshetError ? error.code : 'a defect'),
    )
  const expected = taken ? 'c' : 'table/unsupported-filter'
  expect(await ids(async () => (await table.list({ filter })).rows)).toBe(expected)
  plain.addCondition(filter)
  expect(await ids(() => plain.listValues())).toBe(expected)
}

async function sameAsPlain(table: LiveTable, master: Master): Promise<void> {
  const plain = asTable(master)
  expect([...(await table.listValues())]).toEqual([...(await plain.listValues())])
  expect(await table.getCount()).toBe(await plain.getCount())
  expect(await table.getValue('missing')).toBe(await plain.getValue('missing'))
}
