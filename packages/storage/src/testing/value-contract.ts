import { expect, test } from 'vitest'
import { hostileIds, hostileRows, unstorableRows } from './hostile-rows.ts'
import { sameValue } from './same-value.ts'
import { scanAll, type ContractOptions } from './store-disk.ts'
import { withStore } from './with-store.ts'

/** Exact round trips of what a remote can hold, and typed errors for the rest. */
export function valueContract(options: ContractOptions): void {
  test('[ST8] every hostile row comes back exactly, by every way of reading', () =>
    withStore(options, async ({ store, term }) => {
      const seen = (await store.info()).seq
      for (const { title, row } of hostileRows) {
        await store.commit({ writes: [{ table: 'rows', id: title, value: row }] }, term)
      }
      const changes = await store.changesSince(seen)
      const changed = new Map(
        changes.kind === 'changes' ? changes.writes.map(({ id, value }) => [id, value]) : [],
      )
      const ranged = new Map(
        (await store.range('rows', { index: 'byScore' })).map(({ id, value }) => [id, value]),
      )
      for (const { title, row } of hostileRows) {
        const [read] = await store.get('rows', [title])
        const exact = [read, changed.get(title), ranged.get(title)].map((value) => sameValue(value, row))
        expect({ title, exact }).toEqual({ title, exact: [true, true, true] })
      }
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    }))

  test('[ST8] hostile values as index keys and in intent tables come back exactly', () =>
    withStore(options, async ({ store, term }) => {
      // Inside another row the deepest row would be too deep.
      const small = hostileRows.filter(({ title }) => !title.includes('1 MB') && title !== 'deep nesting')
      const writes = small.map(({ title, row }) => ({ table: 'rows', id: title, value: { score: row } }))
      await store.commit({ writes }, term)
      for (const { title, row } of small) {
        const found = await store.range('rows', { index: 'byScore', lower: [row], upper: [row] })
        const record = found.find(({ id }) => id === title)
        expect({ title, exact: sameValue(record?.value['score'], row) }).toEqual({ title, exact: true })
        const key = await store.append('operations', row)
        const [appended] = await store.get('operations', [key])
        expect({ title, exact: sameValue(appended, row) }).toEqual({ title, exact: true })
      }
    }))

  test('[ST8] hostile ids stay apart and come back exactly', () =>
    withStore(options, async ({ store, term }) => {
      const seen = (await store.info()).seq
      await store.commit({ writes: hostileIds.map((id, at) => ({ table: 'rows', id, value: { at } })) }, term)
      expect(await store.count('rows')).toBe(hostileIds.length)
      const records = await scanAll(store, 'rows', 3)
      expect(records.map(({ id }) => id)).toEqual(hostileIds.toSorted())
      expect(await store.get('rows', hostileIds)).toEqual(hostileIds.map((_, at) => ({ at })))
      await store.commit({ writes: hostileIds.map((id) => ({ table: 'rows', id, value: undefined })) }, term)
      const changes = await store.changesSince(seen)
      const deleted = changes.kind === 'changes' ? changes.writes.map(({ id }) => id) : []
      expect(deleted.toSorted()).toEqual(hostileIds.toSorted())
      expect(await store.count('rows')).toBe(0)
    }))

  test('[V5] table, index and field names are only texts', () =>
    withStore(options, async ({ disk, store: first }) => {
      await first.close()
      const tables = ['__proto__', 'constructor', '', 'a"; DROP TABLE x; --', '\ud800', 'ROWS', 'rows'].map(
        (name) => ({
          name,
          space: 'replica' as const,
          indexes: [{ name: `i${name}`, fields: ['__proto__', 'a"b'] }],
        }),
      )
      const store = await disk.open({ tables })
      const term = await store.takeTerm()
      const value = Object.fromEntries([
        ['__proto__', 'x'],
        ['a"b', 'y'],
      ])
      await store.commit({ writes: tables.map(({ name }) => ({ table: name, id: name, value })) }, term)
      for (const { name } of tables) {
        const found = await store.range(name, { index: `i${name}`, lower: ['x', 'y'] })
        expect(found.map(({ id }) => id)).toEqual([name])
      }
      await store.close()
    }))

  test('[ST9] what is no value is refused with a typed error that names the record', () =>
    withStore(options, async ({ store, term }) => {
      for (const { title, row } of unstorableRows) {
        const refused = {
          code: 'storage/value',
          kind: 'usage',
          message: expect.stringContaining(title) as unknown,
        }
        await expect(
          store.commit({ writes: [{ table: 'rows', id: title, value: row }] }, term),
        ).rejects.toMatchObject(refused)
        await expect(store.append('operations', row)).rejects.toMatchObject({ code: 'storage/value' })
      }
      // What a remote may call an id; types forbid it.
      const bad = { table: 'rows', id: 7 as unknown as string, value: {} }
      await expect(store.commit({ writes: [bad] }, term)).rejects.toMatchObject({
        code: 'storage/id',
        kind: 'usage',
      })
      expect(await store.count('rows')).toBe(0)
      expect(await store.count('operations')).toBe(0)
    }))
}
