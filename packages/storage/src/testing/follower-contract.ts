import type { Store, StoreChanges } from '@freshet/core'
import { expect, test } from 'vitest'
import { put } from './commit-contract.ts'
import { contractTables, type ContractOptions } from './store-disk.ts'
import { withStore } from './with-store.ts'

/** What followers see: changes, tombstones, resets, other tabs. */
export function followerContract(options: ContractOptions): void {
  test('[T9] changes since a commit are the newest value of each changed record', () =>
    withStore(options, async ({ store, term }) => {
      await store.commit({ writes: [put('rows', 'a', 1), put('rows', 'b', 1), put('rows', 'c', 1)] }, term)
      const seen = await store.commit({ writes: [put('rows', 'untouched', 1)] }, term)
      await store.commit({ writes: [put('rows', 'a', 2), put('checkpoint', 'c', 2)] }, term)
      await store.commit(
        { writes: [put('rows', 'a', 3), { table: 'rows', id: 'b', value: undefined }] },
        term,
      )
      await store.commit({ writes: [put('operations', 'o', 1)] }, term)
      const seq = await store.append('operations', {}).then(async () => (await store.info()).seq)
      expect(sorted(await store.changesSince(seen))).toEqual({
        kind: 'changes',
        seq,
        writes: [
          { table: 'checkpoint', id: 'c', value: { score: 2 } },
          { table: 'rows', id: 'a', value: { score: 3 } },
          { table: 'rows', id: 'b', value: undefined },
        ],
      })
      expect(await store.changesSince(seq)).toEqual({ kind: 'changes', seq, writes: [] })
    }))

  test('[T9] a record deleted and written again shows once, as written', () =>
    withStore(options, async ({ store, term }) => {
      await store.commit({ writes: [put('rows', 'a', 1)] }, term)
      const seen = await store.commit({ writes: [{ table: 'rows', id: 'a', value: undefined }] }, term)
      await store.commit({ writes: [put('rows', 'a', 2)] }, term)
      const both = await store.changesSince(seen - 1)
      const one = await store.changesSince(seen)
      const expected = [{ table: 'rows', id: 'a', value: { score: 2 } }]
      expect(both).toMatchObject({ kind: 'changes', writes: expected })
      expect(one).toMatchObject({ kind: 'changes', writes: expected })
      await store.commit({ writes: [{ table: 'rows', id: 'a', value: undefined }] }, term)
      expect(await store.changesSince(seen)).toMatchObject({ writes: [{ id: 'a', value: undefined }] })
    }))

  test('[ST7] deleting what is not there tells followers nothing', () =>
    withStore(options, async ({ store, term }) => {
      const seen = await store.commit({ writes: [put('rows', 'a', 1)] }, term)
      await store.commit({ writes: [{ table: 'rows', id: 'never', value: undefined }] }, term)
      expect(await store.changesSince(seen)).toMatchObject({ kind: 'changes', writes: [] })
    }))

  test('[T9] a cleared replica table makes older followers start again', () =>
    withStore(options, async ({ store, term }) => {
      const seen = await store.commit({ writes: [put('rows', 'a', 1)] }, term)
      const cleared = await store.commit({ clear: ['rows'], writes: [put('rows', 'b', 1)] }, term)
      const last = await store.commit({ writes: [put('rows', 'c', 1)] }, term)
      expect(await store.changesSince(seen)).toEqual({ kind: 'reset', seq: last })
      expect(await store.changesSince(cleared)).toMatchObject({ kind: 'changes', writes: [{ id: 'c' }] })
      await store.commit({ clear: ['operations'], writes: [] }, term)
      expect(await store.changesSince(cleared)).toMatchObject({ kind: 'changes' })
    }))

  test('[T9] a number from the future or no number at all is answered with a reset', () =>
    withStore(options, async ({ store, term }) => {
      const seq = await store.commit({ writes: [put('rows', 'a', 1)] }, term)
      expect(await store.changesSince(seq + 1)).toEqual({ kind: 'reset', seq })
      expect(await store.changesSince(NaN)).toEqual({ kind: 'reset', seq })
      expect(await store.changesSince(-1)).toEqual({ kind: 'reset', seq })
      expect(await store.changesSince(0)).toMatchObject({ kind: 'changes' })
    }))

  test('[T9] pruned tombstones make followers further behind start again, and only those', () =>
    withStore(options, async ({ disk, store: first }) => {
      await first.close()
      const store = await disk.open({ tables: contractTables, maxTombstones: 3 })
      try {
        const last = await deleteOneByOne(store)
        expect(await store.changesSince(last - 1)).toMatchObject({ writes: [{ id: 'h', value: undefined }] })
        const kept = { kind: 'changes', writes: [{ id: 'f' }, { id: 'g' }, { id: 'h' }] }
        expect(sorted(await store.changesSince(last - 3))).toMatchObject(kept)
        expect(await store.changesSince(last - 4)).toEqual({ kind: 'reset', seq: last })
      } finally {
        await store.close()
      }
    }))

  if (options.shared === false) return

  test('[T9] two stores on one disk see each other’s commits and terms', () =>
    withStore(options, async ({ store, term, disk }) => {
      const other = await disk.open({ tables: contractTables })
      try {
        const seq = await store.commit({ writes: [put('rows', 'a', 1)] }, term)
        expect(await other.info()).toEqual({ seq, term })
        expect(await other.changesSince(seq - 1)).toMatchObject({
          kind: 'changes',
          seq,
          writes: [{ id: 'a' }],
        })
        const newer = await other.takeTerm()
        await expect(store.commit({ writes: [put('rows', 'a', 2)] }, term)).rejects.toMatchObject({
          code: 'storage/deposed',
        })
        await other.commit({ writes: [put('rows', 'a', 3)] }, newer)
        expect(await store.get('rows', ['a'])).toEqual([{ score: 3 }])
      } finally {
        await other.close()
      }
    }))

  test('[T10] appends of two tabs share one order', () =>
    withStore(options, async ({ store, disk }) => {
      const other = await disk.open({ tables: contractTables })
      try {
        const ids: string[] = []
        for (let at = 0; at < 10; at++)
          ids.push(await (at % 2 === 0 ? store : other).append('operations', { at }))
        expect(ids).toEqual([...new Set(ids)].toSorted())
        const records = await other.range('operations', {})
        expect(records.map(({ value }) => value['at'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      } finally {
        await other.close()
      }
    }))
}

async function deleteOneByOne(store: Store): Promise<number> {
  const term = await store.takeTerm()
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  await store.commit({ writes: ids.map((id) => put('rows', id, 1)) }, term)
  let last = 0
  for (const id of ids) last = await store.commit({ writes: [{ table: 'rows', id, value: undefined }] }, term)
  return last
}

/** Changes by table and id, for the port promises no order among them. */
function sorted(changes: StoreChanges): StoreChanges {
  if (changes.kind === 'reset') return changes
  const place = ({ table, id }: { table: string; id: string }): string => `${table}/${id}`
  return { ...changes, writes: changes.writes.toSorted((a, b) => (place(a) < place(b) ? -1 : 1)) }
}
