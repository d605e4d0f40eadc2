import { expect, test } from 'vitest'
import { createLiveTable } from '../live-table.ts'
import type { Master } from '../master.ts'

/**
 * A table with the columns `name` (text) and `price` (int), whose database trims
 * each name and refuses a price that is not positive.
 */
export type JudgingTable = { readonly master: Master; close(): Promise<void> }

/** What a session is told on every driver by a database that judges what it is given. */
export function sessionDriverContract(name: string, open: () => Promise<JudgingTable>): void {
  test(`[LT45] ${name}: what the database coerces is told field by field, and adopted when asked`, async () => {
    const { master, close } = await open()
    await master.insert('a', { name: 'Alpha', price: 10 }, { opId: 'made' })
    const table = createLiveTable(master, { preload: true })
    const edit = await table.editRecord('a')
    edit.data['name'] = '  Beta '
    edit.data['price'] = 11
    expect(await edit.save()).toEqual({
      kind: 'partial',
      fields: [{ field: 'name', sent: '  Beta ', stored: 'Beta', cause: 'coerced' }],
    })
    expect([edit.get('name'), edit.getModifiedFields()]).toEqual(['  Beta ', ['name']])
    edit.acceptStored()
    expect([edit.get('name'), edit.getModifiedFields()]).toEqual(['Beta', []])
    expect(await edit.save()).toEqual({ kind: 'saved' })
    await table.close()
    await close()
  })

  test(`[LT45] ${name}: what the database refuses is told at its field, and the draft is kept`, async () => {
    const { master, close } = await open()
    await master.insert('a', { name: 'Alpha', price: 10 }, { opId: 'made' })
    const table = createLiveTable(master, { preload: true })
    const edit = await table.editRecord('a')
    edit.data['price'] = -1
    edit.data['name'] = 'Beta'
    const refused = await edit.save()
    expect(refused).toMatchObject({ kind: 'error', error: { code: 'table/rejected' } })
    expect(refused.kind === 'error' && refused.fieldErrors.map(({ field }) => field)).toEqual(['price'])
    expect([edit.getModifiedFields(), edit.liveSnapshot]).toMatchObject([
      ['name', 'price'],
      { name: 'Alpha', price: 10 },
    ])
    expect((await master.get(['a']))[0]?.[1]).toMatchObject({ name: 'Alpha', price: 10 })
    edit.data['price'] = 1
    expect(await edit.save()).toEqual({ kind: 'saved' })
    const made = table.newRecord({ name: 'New', price: 0 })
    expect(await made.save()).toMatchObject({ kind: 'error', fieldErrors: [{ field: 'price' }] })
    made.data['price'] = 2
    expect(await made.save()).toEqual({ kind: 'created', id: made.id })
    await table.close()
    await close()
  })
}
