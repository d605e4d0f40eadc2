import { decimal, duration, FreshetError, recordId, uuid, type Row } from '@freshet/core'
import { describe, expect, test } from 'vitest'
import {
  codeOf,
  expectRow,
  marty,
  op,
  rowOf,
  seed,
  idsOf,
  type Fixture,
  type RunWithFixture,
} from './contract-fixture.ts'
import { hostileIds, hostileRows, impossibleRows } from './hostile-rows.ts'

const refusals = ['table/unstorable', 'table/unknown-field', 'table/rejected']

/**
 * Values: each is kept exactly or refused by a typed error.
 *
 * @param refuses - Titles of the hostile rows and ids this driver refuses: no more, no less.
 */
export function testValues(withFixture: RunWithFixture, refuses: readonly string[]): void {
  test(
    '[TB27] a row of every column type is kept exactly',
    withFixture(async ({ client }) => {
      const row: Row = {
        name: 'Marty',
        balance: decimal('150.25'),
        paying: false,
        visits: 1955,
        rating: 4.5,
        born: new Date('1968-06-12T00:00:00.123Z'),
        avatar: new Uint8Array([0, 255, 128]),
        token: uuid('018f3c1e-0000-7000-8000-00000000abcd'),
        bakery: recordId('bakery', 'hill_valley'),
        waits: duration('1h30m'),
        metadata: { a: { b: [1, 'two', null] } },
        tags: ['x', 'y'],
        extra: 'anything',
      }
      const result = await client.insert('marty', row, op())
      expectRow(client, 'marty', result.row, row)
      expectRow(client, 'marty', await rowOf(client, 'marty'), row)
      for (const [field, value] of Object.entries(row)) {
        await client.patch('marty', { set: {}, unset: [field] }, op())
        const back = await client.patch('marty', { set: { [field]: value } }, op())
        expectRow(client, 'marty', back.row, row)
      }
    }),
  )
  describe('[TB28] a hostile row is kept exactly or refused by a typed error', () => {
    for (const { title, row } of hostileRows) {
      test(
        `[TB28] ${title}`,
        withFixture(async (fixture) => {
          const refused = await keepsOrRefuses(fixture, 'hostile', row)
          expect(refused).toBe(refuses.includes(title))
        }),
      )
    }
  })
  test(
    '[TB28] a hostile id names its own row or is refused by a typed error',
    withFixture(async (fixture) => {
      const refused: string[] = []
      for (const id of hostileIds) {
        if (await keepsOrRefuses(fixture, id, { name: id })) refused.push(id)
      }
      expect(refused).toEqual(hostileIds.filter((id) => refuses.includes(id)))
      const { rows } = await fixture.client.list({})
      expect(new Set(idsOf(rows))).toEqual(new Set(hostileIds.filter((id) => !refuses.includes(id))))
      for (const id of hostileIds) await fixture.client.delete(id, op()).catch(() => undefined)
      expect(await fixture.client.count()).toBe(0)
    }),
  )
  test(
    '[TB29] what is no value is refused before anything is sent',
    withFixture(async (fixture) => {
      await seed(fixture)
      const { client } = fixture
      for (const { title, row } of impossibleRows) {
        // Deliberately not rows: a caller without types can pass anything.
        const wrong = row as Row
        const inserted = await client.insert('wrong', wrong, op()).then(() => 'stored', codeOf)
        const patched = await client.patch('marty', { set: wrong }, op()).then(() => 'stored', codeOf)
        expect({ title, inserted, patched }).toEqual({
          title,
          inserted: 'table/unstorable',
          patched: 'table/unstorable',
        })
      }
      expectRow(client, 'marty', await rowOf(client, 'marty'), marty)
      expect(await client.count()).toBe(3)
    }),
  )
  test(
    '[TB29] a row written is a copy: changing it afterwards changes nothing',
    withFixture(async ({ client }) => {
      const avatar = new Uint8Array([1, 2, 3])
      const writing = client.insert('marty', { avatar }, op())
      avatar[0] = 9
      await writing
      const stored = (await rowOf(client, 'marty'))?.['avatar']
      expect(stored).toEqual(new Uint8Array([1, 2, 3]))
    }),
  )
}

/** Whether the row was refused; else it was kept exactly, by every way of writing. */
async function keepsOrRefuses({ client }: Fixture, id: string, row: Row): Promise<boolean> {
  const outcomes: boolean[] = []
  const attempt = async (write: () => Promise<{ readonly row?: Row | null | undefined }>): Promise<void> => {
    try {
      const result = await write()
      expectRow(client, id, result.row, row)
      expectRow(client, id, await rowOf(client, id), row)
      outcomes.push(false)
    } catch (error) {
      if (!(error instanceof FreshetError) || !refusals.includes(error.code)) throw error
      outcomes.push(true)
    }
  }
  await attempt(() => client.insert(id, row, op()))
  await attempt(() => client.replace(id, row, op()))
  if (outcomes[0] === false) await client.replace(id, {}, op())
  else await client.replace(id, {}, op()).catch(() => undefined)
  if ((await client.get([id]).catch(() => [])).length > 0)
    await attempt(() => client.patch(id, { set: row }, op()))
  expect(outcomes).toEqual(outcomes.map(() => outcomes[0]))
  return outcomes[0] ?? false
}
