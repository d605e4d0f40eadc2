import { expect, test } from 'vitest'
import { createLiveTable } from '../live-table.ts'
import { tableSchema } from '../master-schema.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import { createFaultyMaster } from '../testing/faulty-master.ts'
import { theirs } from '../testing/live-fixture.ts'

const schema = tableSchema({ columns: { name: 'text', email: 'text', inventory: 'object' } })

async function editing() {
  let now = 1_000
  const clock = { now: () => now++, schedule: () => () => {} }
  const remote = createMemoryDatabase({ tables: { client: schema } }).master('client')
  const marty = { name: 'Marty', email: 'marty@gmail.com', inventory: { stock: 5, shelf: 'a' } }
  await remote.insert('marty', marty, theirs())
  const faulty = createFaultyMaster(remote)
  const table = createLiveTable(faulty.master, { connectWaitMs: 0, clock })
  const edit = await table.editRecord('marty')
  const they = (set: { readonly [field: string]: string }) => remote.patch('marty', { set }, theirs())
  const stored = async () => (await remote.get(['marty']))[0]?.[1]
  return { table, edit, they, stored, remote, faulty }
}

test('[LT31] several fields changed on both sides are several conflicts, each with its three values', async () => {
  const { edit, they } = await editing()
  edit.data['name'] = 'Calvin'
  edit.data['email'] = 'calvin@klein.com'
  await they({ name: 'Clint', email: 'clint@eastwood.com' })
  expect(await edit.refreshSnapshot()).toEqual(['name', 'email'])
  expect(edit.conflicts()).toEqual([
    { field: 'name', base: 'Marty', local: 'Calvin', remote: 'Clint' },
    { field: 'email', base: 'marty@gmail.com', local: 'calvin@klein.com', remote: 'clint@eastwood.com' },
  ])
  // A second look forgets none of them.
  expect(await edit.refreshSnapshot()).toEqual(['name', 'email'])
  edit.revert()
  expect([edit.conflicts(), edit.getModifiedFields(), edit.get('name')]).toEqual([[], [], 'Clint'])
})

test('[LT31] the time of the snapshot advances with each refresh and each save', async () => {
  const { edit } = await editing()
  const times = [edit.snapshotTime.getTime()]
  await edit.refreshSnapshot()
  times.push(edit.snapshotTime.getTime())
  edit.data['name'] = 'Calvin'
  await edit.save()
  times.push(edit.snapshotTime.getTime())
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(new Set(times).size).toBe(3)
})

test('[LT31] a nested change is reported at its field, and at the leaf when asked', async () => {
  const { edit, stored } = await editing()
  const { inventory } = edit.data
  Object.assign(inventory ?? {}, { stock: 4 })
  expect(edit.getModifiedFields()).toEqual(['inventory'])
  expect(edit.getModifiedFields({ deep: true })).toEqual(['inventory.stock'])
  expect([edit.isFieldModified('inventory'), edit.isFieldModified('name')]).toEqual([true, false])
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(await stored()).toMatchObject({ inventory: { stock: 4, shelf: 'a' } })
})

test('[LT32] a session saves many times, each time what is modified then', async () => {
  const { edit, stored, faulty } = await editing()
  for (const name of ['one', 'two', 'three']) {
    edit.data['name'] = name
    expect(await edit.save()).toEqual({ kind: 'saved' })
    expect([edit.getModifiedFields(), await stored()]).toMatchObject([[], { name }])
  }
  // Back to what it was is no edit, and an empty save asks nobody.
  edit.data['name'] = 'four'
  edit.data['name'] = 'three'
  expect(await edit.save()).toEqual({ kind: 'saved' })
  expect(faulty.requests.patch).toBe(3)
})

test('[LT34] the next session sees what the one before has saved; one that leaves its block has ended', async () => {
  const { table, edit } = await editing()
  edit.data['name'] = 'Calvin'
  await edit.save()
  edit.dispose()
  let left: { readonly state: string } | undefined
  {
    await using next = await table.editRecord('marty')
    expect(next.data['name']).toBe('Calvin')
    left = next
  }
  expect(left.state).toBe('disposed')
})

test('[LT34] a session on a row that is not there is refused', async () => {
  const { table } = await editing()
  await expect(table.editRecord('nobody')).rejects.toMatchObject({ code: 'table/not-found' })
})
