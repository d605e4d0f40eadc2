import type { Store, StoreWrite } from '@freshet/core'
import { expect, test } from 'vitest'
import { contractTables, scanAll, type ContractOptions } from './store-disk.ts'
import { withStore } from './with-store.ts'

/** Atomicity, terms, appends, closing. */
export function commitContract(options: ContractOptions): void {
  test('[T1] a commit writes rows and the checkpoint together and counts up', () =>
    withStore(options, async ({ store, term }) => {
      const before = (await store.info()).seq
      const seq = await store.commit({ writes: [put('rows', 'a', 1), put('checkpoint', 'c', 7)] }, term)
      expect(seq).toBe(before + 1)
      expect(await store.info()).toEqual({ seq, term })
      expect(await store.get('rows', ['a'])).toEqual([{ score: 1 }])
      expect(await store.get('checkpoint', ['c'])).toEqual([{ score: 7 }])
      expect(await store.commit({ writes: [] }, term)).toBe(seq + 1)
    }))

  test('[T1] a commit with one bad write leaves nothing of itself', () =>
    withStore(options, async ({ store, term }) => {
      await store.commit({ writes: [put('rows', 'a', 1)] }, term)
      const before = await store.info()
      const bad: StoreWrite = { table: 'rows', id: 'bad', value: { at: new Date(NaN) } }
      const writes = [
        put('rows', 'a', 2),
        put('rows', 'b', 2),
        { table: 'rows', id: 'a', value: undefined },
        bad,
      ]
      await expect(store.commit({ clear: ['checkpoint'], writes }, term)).rejects.toMatchObject({
        code: 'storage/value',
      })
      expect(await scanAll(store, 'rows')).toEqual([{ id: 'a', value: { score: 1 } }])
      expect(await store.info()).toEqual(before)
      expect(await store.commit({ writes: [put('rows', 'b', 3)] }, term)).toBe(before.seq + 1)
    }))

  test('[ST2] the last write of a record in a commit counts, and clear comes before writes', () =>
    withStore(options, async ({ store, term }) => {
      await store.commit({ writes: [put('rows', 'old', 1), put('rows', 'kept', 1)] }, term)
      await store.commit(
        {
          clear: ['rows'],
          writes: [
            put('rows', 'a', 1),
            put('rows', 'a', 2),
            put('rows', 'b', 1),
            { table: 'rows', id: 'b', value: undefined },
            { table: 'rows', id: 'c', value: undefined },
            put('rows', 'c', 5),
            put('rows', 'kept', 2),
          ],
        },
        term,
      )
      expect(await scanAll(store, 'rows')).toEqual([
        { id: 'a', value: { score: 2 } },
        { id: 'c', value: { score: 5 } },
        { id: 'kept', value: { score: 2 } },
      ])
      expect(await store.count('rows')).toBe(3)
    }))

  test('[ST2] commits issued without waiting take effect in the order issued', () =>
    withStore(options, async ({ store, term }) => {
      const scores = Array.from({ length: 50 }, (_, at) => at)
      const seqs = await Promise.all(
        scores.map((score) => store.commit({ writes: [put('rows', 'a', score)] }, term)),
      )
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
      expect(new Set(seqs).size).toBe(50)
      expect(await store.get('rows', ['a'])).toEqual([{ score: 49 }])
    }))

  test('[ST2] records come by id in the order asked, absent ones as undefined', () =>
    withStore(options, async ({ store, term }) => {
      await store.commit({ writes: [put('rows', 'a', 1), put('rows', 'b', 2)] }, term)
      expect(await store.get('rows', ['b', 'x', 'a', 'b'])).toEqual([
        { score: 2 },
        undefined,
        { score: 1 },
        { score: 2 },
      ])
      expect(await store.get('rows', [])).toEqual([])
    }))

  test('[T9] a deposed leader cannot commit, and nothing of its commit is kept', () =>
    withStore(options, async ({ store, term }) => {
      const newer = await store.takeTerm()
      expect(newer).toBeGreaterThan(term)
      await expect(store.commit({ writes: [put('rows', 'a', 1)] }, term)).rejects.toMatchObject({
        code: 'storage/deposed',
        kind: 'storage',
      })
      await expect(store.commit({ writes: [] }, newer + 1)).rejects.toMatchObject({ code: 'storage/deposed' })
      expect(await store.count('rows')).toBe(0)
      await store.commit({ writes: [put('rows', 'a', 1)] }, newer)
      expect(await store.info()).toMatchObject({ term: newer })
    }))

  test('[T10] intent may be written under no term, replica tables may not', () =>
    withStore(options, async ({ store }) => {
      await store.commit({ writes: [put('operations', 'o', 1)] }, undefined)
      await store.commit({ clear: ['operations'], writes: [] }, undefined)
      expect(await store.count('operations')).toBe(0)
      const mixed = [put('operations', 'o', 1), put('rows', 'a', 1)]
      await expect(store.commit({ writes: mixed }, undefined)).rejects.toMatchObject({ code: 'storage/term' })
      await expect(store.commit({ clear: ['rows'], writes: [] }, undefined)).rejects.toMatchObject({
        kind: 'usage',
      })
      expect(await store.count('operations')).toBe(0)
    }))

  test('[T10] appended records sort by the order of appending', () =>
    withStore(options, async ({ store, term }) => {
      const ids: string[] = []
      for (let at = 0; at < 12; at++) {
        ids.push(await store.append('operations', { at }))
        if (at % 3 === 0) await store.commit({ writes: [put('rows', 'a', at)] }, term)
      }
      ids.push(...(await Promise.all([12, 13, 14].map((at) => store.append('operations', { at })))))
      expect(ids).toEqual(ids.toSorted())
      expect(new Set(ids).size).toBe(15)
      const records = await scanAll(store, 'operations')
      expect(records).toEqual(ids.map((id, at) => ({ id, value: { at } })))
    }))

  test('[ST3] unknown tables, indexes and misplaced appends are usage errors that name the cure', () =>
    withStore(options, async ({ store, term }) => {
      const usage = { kind: 'usage', message: expect.stringContaining('nowhere') as unknown }
      await expect(store.get('nowhere', ['a'])).rejects.toMatchObject(usage)
      await expect(store.count('nowhere')).rejects.toMatchObject(usage)
      await expect(scanAll(store, 'nowhere')).rejects.toMatchObject(usage)
      await expect(store.range('rows', { index: 'nowhere' })).rejects.toMatchObject(usage)
      await expect(store.append('nowhere', {})).rejects.toMatchObject(usage)
      await expect(store.append('rows', {})).rejects.toMatchObject({ code: 'storage/append' })
      await expect(store.commit({ writes: [put('nowhere', 'a', 1)] }, term)).rejects.toMatchObject(usage)
      await expect(store.commit({ clear: ['nowhere'], writes: [] }, term)).rejects.toMatchObject(usage)
      expect((await store.info()).seq).toBe(0)
    }))

  test('[ST4] a closed store refuses every call, and closing twice is harmless', () =>
    withStore(options, async ({ store, term }) => {
      await store.commit({ writes: [put('rows', 'a', 1)] }, term)
      const unfinished = store.scan('rows', 1)[Symbol.asyncIterator]()
      await store.close()
      await store.close()
      const calls: ((closed: Store) => Promise<unknown>)[] = [
        (closed) => closed.commit({ writes: [] }, term),
        (closed) => closed.append('operations', {}),
        (closed) => closed.get('rows', ['a']),
        (closed) => closed.range('rows', {}),
        (closed) => closed.count('rows'),
        (closed) => closed.changesSince(0),
        (closed) => closed.takeTerm(),
        (closed) => closed.info(),
        (closed) => scanAll(closed, 'rows'),
        () => unfinished.next(),
      ]
      for (const call of calls) await expect(call(store)).rejects.toMatchObject({ code: 'storage/closed' })
    }))

  test('[ST4] what was asked before the close is still done', async () => {
    const disk = await options.createDisk()
    try {
      const store = await disk.open({ tables: contractTables })
      const term = await store.takeTerm()
      const writing = store.commit({ writes: [put('rows', 'a', 1)] }, term)
      await Promise.all([writing, store.close()])
      const again = await disk.open({ tables: contractTables })
      expect(await again.get('rows', ['a'])).toEqual([{ score: 1 }])
      await again.close()
    } finally {
      await disk.remove()
    }
  })

  test('[ST5] rows are copies: changing what went in or came out changes nothing stored', () =>
    withStore(options, async ({ store, term }) => {
      const list = [1]
      const bytes = new Uint8Array([1])
      const at = new Date(1)
      const writing = store.commit({ writes: [{ table: 'rows', id: 'a', value: { list, bytes, at } }] }, term)
      list.push(2)
      bytes[0] = 9
      at.setTime(9)
      await writing
      const [read] = await store.get('rows', ['a'])
      expect(read).toEqual({ list: [1], bytes: new Uint8Array([1]), at: new Date(1) })
      // The test does what a careless caller can do despite the readonly types.
      ;(read as { list: number[] }).list.push(3)
      expect(await store.get('rows', ['a'])).toEqual([
        { list: [1], bytes: new Uint8Array([1]), at: new Date(1) },
      ])
    }))
}

/** A write of a small record. */
export function put(table: string, id: string, score: number): StoreWrite {
  return { table, id, value: { score } }
}
