import type { Store, StoreTable } from '@freshet/core'
import { expect, test } from 'vitest'
import { put } from './commit-contract.ts'
import { contractTables, scanAll, type ContractOptions } from './store-disk.ts'
import { withStore } from './with-store.ts'

/** What survives a close and how declarations may change in between. */
export function restartContract(options: ContractOptions): void {
  test('[T1] records, numbers, terms and tombstones survive a restart', () =>
    withStore(options, async ({ store, term, disk }) => {
      const seen = await store.commit({ writes: [put('rows', 'a', 1), put('rows', 'b', 2)] }, term)
      await store.commit(
        { writes: [{ table: 'rows', id: 'b', value: undefined }, put('checkpoint', 'c', 3)] },
        term,
      )
      const key = await store.append('operations', { at: 0 })
      const info = await store.info()
      await store.close()
      const again = await disk.open({ tables: contractTables })
      try {
        expect(await again.info()).toEqual(info)
        expect(await scanAll(again, 'rows')).toEqual([{ id: 'a', value: { score: 1 } }])
        const changes = await again.changesSince(seen)
        expect(changes).toMatchObject({ kind: 'changes', seq: info.seq })
        expect(changes.kind === 'changes' && changes.writes).toContainEqual({
          table: 'rows',
          id: 'b',
          value: undefined,
        })
        const later = await again.append('operations', { at: 1 })
        expect(later > key).toBe(true)
        expect(await again.takeTerm()).toBe(term + 1)
      } finally {
        await again.close()
      }
    }))

  test('[T8] an index list changed between opens is rebuilt, and nothing else is lost', () =>
    withStore(options, async ({ store, term, disk }) => {
      const writes = [3, 1, 2].map((score) => ({
        table: 'rows',
        id: `r${score}`,
        value: { score, other: -score },
      }))
      const seen = await store.commit({ writes }, term)
      await store.commit({ writes: [put('rows', 'r4', 4), put('operations', 'o', 1)] }, term)
      await store.close()
      await reopened(
        disk.open({ tables: withIndexes([{ name: 'byOther', fields: ['other'] }]) }),
        async (again) => {
          expect(await idsBy(again, 'byOther')).toEqual(['r4', 'r3', 'r2', 'r1'])
          await expect(again.range('rows', { index: 'byScore' })).rejects.toMatchObject({
            code: 'storage/unknown-index',
          })
          expect(await again.changesSince(seen)).toMatchObject({ kind: 'changes', writes: [{ id: 'r4' }] })
          expect(await again.count('operations')).toBe(1)
          await again.commit({ writes: [put('rows', 'r5', 5)] }, await again.takeTerm())
        },
      )
      // The same name over another field must be rebuilt too.
      await reopened(
        disk.open({ tables: withIndexes([{ name: 'byOther', fields: ['score'] }]) }),
        async (again) => {
          expect(await idsBy(again, 'byOther')).toEqual(['r1', 'r2', 'r3', 'r4', 'r5'])
        },
      )
      await reopened(disk.open({ tables: withIndexes([]) }), async (again) => {
        expect(await again.count('rows')).toBe(5)
      })
      await reopened(disk.open({ tables: contractTables }), async (again) => {
        expect(await idsBy(again, 'byScore')).toEqual(['r1', 'r2', 'r3', 'r4', 'r5'])
        await again.commit({ writes: [put('rows', 'r1', 9)] }, await again.takeTerm())
        expect(await idsBy(again, 'byScore')).toEqual(['r2', 'r3', 'r4', 'r5', 'r1'])
      })
    }))

  test('[T8] a table declared later is added, one left out keeps its records', () =>
    withStore(options, async ({ store, term, disk }) => {
      await store.commit({ writes: [put('rows', 'a', 1)] }, term)
      await store.close()
      await reopened(disk.open({ tables: [{ name: 'later', space: 'replica' }] }), async (again) => {
        await again.commit({ writes: [put('later', 'l', 1)] }, await again.takeTerm())
        await expect(again.count('rows')).rejects.toMatchObject({ code: 'storage/unknown-table' })
      })
      const tables: StoreTable[] = [...contractTables, { name: 'later', space: 'replica' }]
      await reopened(disk.open({ tables }), async (again) => {
        expect(await again.get('rows', ['a'])).toEqual([{ score: 1 }])
        expect(await again.get('later', ['l'])).toEqual([{ score: 1 }])
      })
    }))

  test('[ST3] declarations that contradict themselves are usage errors', async () => {
    const disk = await options.createDisk()
    try {
      const index = { name: 'i', fields: ['a'] }
      const wrong: StoreTable[][] = [
        [
          { name: 'a', space: 'replica' },
          { name: 'a', space: 'intent' },
        ],
        [{ name: 'a', space: 'replica', indexes: [index, index] }],
        [{ name: 'a', space: 'replica', indexes: [{ name: 'i', fields: [] }] }],
      ]
      for (const tables of wrong) {
        await expect(disk.open({ tables })).rejects.toMatchObject({ code: 'storage/tables', kind: 'usage' })
      }
    } finally {
      await disk.remove()
    }
  })
}

function withIndexes(indexes: StoreTable['indexes']): StoreTable[] {
  return contractTables.map((table) => (table.name === 'rows' ? { ...table, indexes } : table))
}

async function reopened(opening: Promise<Store>, body: (store: Store) => Promise<void>): Promise<void> {
  const store = await opening
  try {
    await body(store)
  } finally {
    await store.close()
  }
}

async function idsBy(store: Store, index: string): Promise<string[]> {
  return (await store.range('rows', { index })).map(({ id }) => id)
}
