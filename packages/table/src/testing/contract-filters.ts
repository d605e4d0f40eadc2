import {
  datetime,
  decimal,
  FreshetError,
  recordId,
  uuid,
  type Filter,
  type Row,
  type Value,
} from '@freshet/core'
import { expect, test } from 'vitest'
import { compareEntries, matching } from '../memory/select-entries.ts'
import type { Master } from '../master.ts'
import { idsOf, op, seed, type RunWithFixture } from './contract-fixture.ts'

/** Filters: values stay data, and what is declared to mean the same here as there does. */
export function testFilters(withFixture: RunWithFixture): void {
  test(
    '[TB30] a hostile string in a filter is only a value',
    withFixture(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      for (const text of hostileTexts) {
        await client.insert('target', { name: text, metadata: { notes: text } }, op())
        for (const field of ['name', 'metadata.notes']) {
          for (const filter of filtersWith(field, text)) {
            expect(await listedOrRefused(client, filter)).toEqual(['target'])
          }
        }
        await client.delete('target', op())
        expect(await listedOrRefused(client, { op: 'eq', field: 'name', value: text })).toEqual([])
      }
      expect(await client.count()).toBe(3)
    }),
  )
  test(
    '[TB30] a hostile field name in a filter or an order finds nothing, or is refused by a typed error',
    withFixture(async (fixture) => {
      const { client, order } = fixture
      await seed(fixture)
      for (const field of [
        ...hostileTexts,
        '__proto__',
        'constructor',
        'name.length',
        'visits.x',
        '',
        '.',
        'a..b',
      ]) {
        const found = await listedOrRefused(client, { op: 'eq', field, value: 'x' })
        expect({ field, found: found ?? [] }).toEqual({ field, found: [] })
        const sorted = await client.list({ order: [{ field, direction: 'asc' }] }).catch(typedOnly)
        expect({ field, rows: sorted?.rows.length ?? 3 }).toEqual({ field, rows: 3 })
        await client.deleteAll({ op: 'eq', field, value: 'x' }, op()).catch(typedOnly)
      }
      expect(await client.count()).toBe(3)
      expect(await order.count()).toBe(2)
    }),
  )
  test(
    '[TB31] and, or, not and in combine, also empty',
    withFixture(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      const paying: Filter = { op: 'eq', field: 'paying', value: true }
      const often: Filter = { op: 'gte', field: 'visits', value: 12 }
      const named: Filter = { op: 'in', field: 'name', values: ['Biff Tannen', 'Doc Brown', 'x'] }
      const expected: readonly (readonly [Filter, readonly string[]])[] = [
        [{ op: 'and', filters: [paying, often] }, ['doc']],
        [{ op: 'or', filters: [often, { op: 'not', filter: paying }] }, ['biff', 'doc']],
        [{ op: 'not', filter: { op: 'or', filters: [paying, named] } }, []],
        [named, ['biff', 'doc']],
        [{ op: 'in', field: 'id', values: ['marty', 'nobody'] }, ['marty']],
        [{ op: 'in', field: 'name', values: [] }, []],
        [{ op: 'and', filters: [] }, ['biff', 'doc', 'marty']],
        [{ op: 'or', filters: [] }, []],
      ]
      for (const [filter, ids] of expected) {
        expect({ filter, ids: idsOf((await client.list({ filter })).rows) }).toEqual({ filter, ids })
      }
    }),
  )
  test(
    '[TB35] a search looks into texts whatever the case of their letters, or is refused by a typed error',
    withFixture(async (fixture) => {
      const { client } = fixture
      for (const [index, name] of searchedTexts.entries())
        await client.insert(`r${index}`, { name, email: `${index}`, metadata: { notes: name } }, op())
      await client.insert('absent', { email: 'none' }, op())
      await client.insert('other', { email: 'other', visits: 5, metadata: { notes: 5 } }, op())
      const entries = (await client.list({})).rows
      for (const field of ['name', 'metadata.notes', 'visits', 'nothing']) {
        for (const value of [...searchedTexts, ...hostileTexts, '', 'MARTY', '5']) {
          const filter: Filter = { op: 'contains', field, value }
          const found = await listedOrRefused(client, filter)
          if (!client.evaluates.filter(filter)) continue
          const matches = matching(client.schema, filter)
          const local = idsOf(entries.filter(([, row]) => matches(row)))
          expect({ filter, found }).toEqual({ filter, found: local })
        }
      }
    }),
  )
  test(
    '[TB36] a preview says what would be asked, touches nothing, and refuses what reading would',
    withFixture(async (fixture) => {
      const { client } = fixture
      await seed(fixture)
      if (client.preview === undefined) return
      for (const text of hostileTexts) {
        const filter: Filter = { op: 'eq', field: 'name', value: text }
        const query = { filter, order: [{ field: 'name', direction: 'asc' }], limit: 3 } as const
        const { statement = '', here } = client.preview(query)
        // Values are parameters: what a person typed is no part of the statement.
        if (text.length > 5) expect(statement).not.toContain(text)
        expect(here.every((part) => part === 'filter' || part === 'order')).toBe(true)
      }
      let deep: Filter = { op: 'eq', field: 'name', value: 'x' }
      for (let level = 0; level < 10_000; level++) deep = { op: 'not', filter: deep }
      const refused = await client.list({ filter: deep }).then(() => false, typedOnly)
      const preview = (): unknown => client.preview?.({ filter: deep })
      if (refused === undefined)
        expect(preview).toThrow(expect.objectContaining({ code: 'table/unsupported-filter' }))
      expect(await client.count()).toBe(3)
    }),
  )
  test(
    '[TB31] a filter nested 10,000 deep is answered or refused by a typed error',
    withFixture(async (fixture) => {
      await seed(fixture)
      let filter: Filter = { op: 'eq', field: 'name', value: 'Doc Brown' }
      for (let level = 0; level < 10_000; level++) filter = { op: 'not', filter }
      const found = await listedOrRefused(fixture.client, filter)
      expect(found ?? ['doc']).toEqual(['doc'])
    }),
  )
  for (const [field, values] of Object.entries(valuesByField)) {
    test(
      `[TB32] what is declared to mean the same here as there does: ${field}`,
      withFixture(async ({ client }) => {
        await Promise.all(
          values.map((value, index) => client.insert(`r${index}`, rowWith(field, value), op())),
        )
        await client.insert('absent', { email: 'other' }, op())
        const entries = (await client.list({})).rows
        for (const filter of gridOf(field, values)) {
          const found = await listedOrRefused(client, filter)
          if (!client.evaluates.filter(filter)) continue
          const matches = matching(client.schema, filter)
          const local = idsOf(entries.filter(([, row]) => matches(row)))
          expect({ filter, found }).toEqual({ filter, found: local })
        }
        for (const direction of ['asc', 'desc'] as const) {
          const order = [{ field, direction }]
          if (!client.evaluates.order(order)) continue
          const local = entries.toSorted(compareEntries(client.schema, order))
          expect({ direction, ids: idsOf((await client.list({ order })).rows) }).toEqual({
            direction,
            ids: idsOf(local),
          })
        }
      }),
    )
  }
}

/** Letters whose cases are spelled at different lengths, or differ at the end of a word. */
const searchedTexts: readonly string[] = [
  'Marty McFly',
  'Straße',
  'ÄÖÜ',
  'İstanbul',
  'ΟΔΟΣ',
  'K2',
  '🧁 Cake',
  '10%',
  'a_b',
]

const hostileTexts: readonly string[] = [
  `' OR true OR '`,
  `" OR 1=1; --`,
  '`; DELETE client; `',
  `x'; REMOVE TABLE client; SELECT * FROM client WHERE name = '`,
  '$name',
  '$p0',
  'type::record("client:marty")',
  '\\',
  "\\' OR true",
  '⟩ OR true',
  'client:marty',
  '%',
  '_',
  'null',
  'NONE',
  'a\nb',
]

function filtersWith(field: string, text: string): readonly Filter[] {
  return [
    { op: 'eq', field, value: text },
    { op: 'in', field, values: [text] },
    {
      op: 'and',
      filters: [
        { op: 'gte', field, value: text },
        { op: 'lte', field, value: text },
      ],
    },
  ]
}

const valuesByField: { readonly [field: string]: readonly Value[] } = {
  name: ['', 'a', 'B', 'ä', 'a ', 'Z', '10', '9', '\u{1F9C1}', null],
  visits: [0, -1, 10, 9, 2n ** 53n + 1n, 2 ** 53, null],
  rating: [0.1, -2.5, 3, 1e15 + 0.5, null],
  balance: [
    decimal('150.00'),
    decimal('150'),
    decimal('9.5'),
    decimal('-0.10'),
    decimal('0.1'),
    decimal('0.10000000000000001'),
    null,
  ],
  paying: [true, false, null],
  born: [new Date(0), new Date('2026-01-02T03:04:05.123Z'), datetime('2026-01-02T03:04:05.123456789Z'), null],
  token: [uuid('018f3c1e-0000-7000-8000-00000000abcd'), uuid('00000000-0000-7000-8000-00000000abcd'), null],
  bakery: [recordId('bakery', 'a'), recordId('bakery', 'b'), recordId('cafe', 'a'), null],
  avatar: [new Uint8Array([1]), new Uint8Array([1, 0]), new Uint8Array([]), null],
  extra: ['a', 1, null],
}

/** Values of other types, which must match nothing by accident. */
const foreign: readonly Value[] = ['x', '', 5, true, null, '150.00', '1970-01-01T00:00:00.000Z']

function* gridOf(field: string, values: readonly Value[]): Iterable<Filter> {
  for (const value of [...values, ...foreign]) {
    for (const operator of ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const)
      yield { op: operator, field, value }
    yield { op: 'not', filter: { op: 'in', field, values: [value] } }
  }
}

function rowWith(field: string, value: Value): Row {
  return { [field]: value }
}

async function listedOrRefused(master: Master, filter: Filter): Promise<string[] | undefined> {
  const page = await master.list({ filter }).catch(typedOnly)
  return page === undefined ? undefined : idsOf(page.rows)
}

/** Swallows a typed refusal; anything else is a defect. */
function typedOnly(error: unknown): undefined {
  if (error instanceof FreshetError && error.code === 'table/unsupported-filter') return undefined
  throw error
}
