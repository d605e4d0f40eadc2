import {
  datetime,
  decimal,
  duration,
  FreshetError,
  uuid,
  type Filter,
  type Row,
  type Value,
} from '@freshet/core'
import { describe, expect, test } from 'vitest'
import { WriteRejectedError } from '../master-errors.ts'
import { tableSchema } from '../master-schema.ts'
import type { Master, TableSchema } from '../master.ts'
import { compareEntries, matching } from '../memory/select-entries.ts'
import {
  postgresFixture,
  taking,
  skipNote,
  whyNoPostgres,
  type TestDatabase,
} from '../testing/postgres-fixture.ts'
import { openPostgresDatabase, type PostgresDatabaseOptions } from './postgres-database.ts'

describe.skipIf(whyNoPostgres !== undefined)(`PostgreSQL's own types and rules${skipNote}`, () => {
  const postgres = postgresFixture()
  const withDatabase =
    (setUp: string, body: (database: TestDatabase, open: OpenMaster) => Promise<void>) =>
    async (): Promise<void> => {
      const database = await postgres.open(setUp)
      const opened: { close(): Promise<void> }[] = []
      try {
        await body(database, async (tables, options = {}) => {
          const remote = await openPostgresDatabase({ url: database.url, tables, ...options })
          opened.push(remote)
          return remote.master(Object.keys(tables)[0] ?? '')
        })
      } finally {
        for (const each of opened) await each.close()
        await database.close()
      }
    }

  test(
    '[PG13] every type is read and written exactly, by statement and by stream',
    withDatabase(
      `CREATE DOMAIN price AS numeric(10, 2) CHECK (value > 0); CREATE TYPE mood AS ENUM ('sad', 'happy');
     CREATE TABLE item (
       id uuid PRIMARY KEY, flag bool, tiny int2, small int4, big int8, half float4, double float8, exact numeric,
       cost price, short varchar(5), padded char(5), words text, at timestamptz, local timestamp, day date,
       other uuid, raw bytea, doc json, tree jsonb, span interval, feeling mood, place point,
       numbers int8[], names text[], grid int4[][], moments timestamptz[], docs jsonb[]
     )`,
      async (database, open) => {
        const master = await open({ item: everything })
        const id = '018f3c1e-0000-7000-8000-00000000abcd'
        const next = taking(master.watch({ signal: new AbortController().signal }))
        await next()
        for (const row of [typicalRow, extremeRow, emptyRow]) {
          const stored = await master.replace(id, row, { opId: 'x' })
          expect(stored).toEqual({ kind: 'stored', row: { id, ...row } })
          expect(await next()).toMatchObject({ kind: 'upsert', id, row: { id, ...row } })
          expect((await master.get([id]))[0]).toEqual([id, { id, ...row }])
          for (const [field, value] of Object.entries(row)) {
            const guarded = await master.patch(id, { set: {} }, { opId: 'g', expect: { [field]: value } })
            expect({ field, kind: guarded.kind }).toEqual({ field, kind: 'stored' })
          }
        }
        expect(await database.query('SELECT count(*)::int AS n FROM item')).toEqual([{ n: 1 }])
      },
    ),
  )

  test(
    '[PG13] what a column cannot hold exactly is refused before it is sent',
    withDatabase(
      'CREATE TABLE item (id int4 PRIMARY KEY, small int4, big int8, at timestamptz, other uuid, tree jsonb, words text)',
      async (_, open) => {
        const master = await open({
          item: tableSchema({
            columns: {
              small: 'int',
              big: 'int',
              at: 'datetime',
              other: 'uuid',
              tree: 'object',
              words: 'text',
            },
          }),
        })
        const refused: readonly Row[] = [
          { small: 2 ** 31 },
          { small: 1.5 },
          { small: 'x' },
          { big: 2n ** 63n },
          { at: datetime('2026-01-02T03:04:05.1234567Z') },
          { at: new Date(-8.64e15) },
          { at: 'tomorrow' },
          { other: 'no uuid' },
          { tree: { a: NaN } },
          { tree: { a: new Date(0) } },
          { words: 'a\0b' },
        ]
        for (const row of refused) {
          const outcome = await master.insert('1', row, { opId: 'x' }).then(() => 'stored', codeOf)
          expect({ row, outcome }).toEqual({ row, outcome: 'table/unstorable' })
        }
        // Ids that the key would turn into others, or cannot have.
        for (const id of ['01', '+1', '1.0', 'x', '2147483648', '']) {
          expect(await master.insert(id, {}, { opId: 'x' }).catch(codeOf)).toBe('table/unstorable')
          expect(await master.get([id])).toEqual([])
          expect(await master.delete(id, { opId: 'x' })).toEqual({ kind: 'deleted' })
        }
        expect(await master.count()).toBe(0)
      },
    ),
  )

  for (const [field, { type, declared, values }] of Object.entries(comparable)) {
    test(
      `[PG14] filters and orders that are taken mean the same there as here: ${field}`,
      withDatabase(`CREATE TABLE item (id text PRIMARY KEY, v ${type})`, async (_, open) => {
        const master = await open({ item: tableSchema({ columns: { v: declared } }) })
        for (const [index, value] of values.entries())
          await master.insert(`r${index}`, { v: value }, { opId: `${index}` })
        const entries = (await master.list({})).rows
        expect(entries).toHaveLength(values.length)
        let taken = 0
        for (const filter of gridOf([...values, ...foreign])) {
          const found = await listedOrRefused(master, filter)
          expect({ filter, isTaken: found !== undefined }).toEqual({
            filter,
            isTaken: master.evaluates.filter(filter),
          })
          if (found === undefined) continue
          taken++
          const matches = matching(master.schema, filter)
          const local = entries.filter(([, row]) => matches(row)).map(([id]) => id)
          expect({ filter, found }).toEqual({ filter, found: local })
        }
        expect(taken).toBeGreaterThan(0)
        for (const direction of ['asc', 'desc'] as const) {
          const order = [{ field: 'v', direction }]
          if (!master.evaluates.order(order)) continue
          const local = entries.toSorted(compareEntries(master.schema, order)).map(([id]) => id)
          expect((await master.list({ order })).rows.map(([id]) => id)).toEqual(local)
        }
      }),
    )
  }

  test(
    '[PG24] a text is found whatever the case of its letters, of any script and in any locale',
    withDatabase('CREATE TABLE item (id text PRIMARY KEY, v text COLLATE "tr-x-icu")', async (_, open) => {
      const master = await open({ item: tableSchema({ columns: { v: 'text' } }) })
      const capitals = Array.from({ length: 0x11_0000 }, (_each, code) => String.fromCodePoint(code))
        .filter((letter) => letter.toLowerCase() !== letter && letter !== 'Σ')
        .join(' ')
      const texts = [capitals, 'DIRIM', 'dırım', 'İzmir', '5 K', 'straße', 'STRASSE', '10%_\\']
      for (const [index, v] of texts.entries()) await master.insert(`r${index}`, { v }, { opId: `${index}` })
      const found = async (value: string): Promise<unknown> =>
        listedOrRefused(master, { op: 'contains', field: 'v', value })
      for (const value of [
        capitals,
        capitals.toLowerCase(),
        ...texts,
        'i',
        'I',
        'ı',
        'İ',
        'k',
        '%',
        '_',
        '',
      ]) {
        const expected = texts.flatMap((text, index) =>
          text.toLowerCase().includes(value.toLowerCase()) ? [`r${index}`] : [],
        )
        expect({ value, found: await found(value) }).toEqual({ value, found: expected })
      }
      // Whether a capital sigma is the one at the end of a word, its neighbours decide.
      for (const value of ['ΟΔΟΣ', 'ς', '\ud83e']) expect(await found(value)).toBeUndefined()
      expect(await found('a\0b')).toEqual([])
    }),
  )

  test(
    '[PG24] a preview is the statement that is sent, once the table was looked at',
    withDatabase('CREATE TABLE item (id text PRIMARY KEY, v text)', async (_, open) => {
      const master = await open({ item: tableSchema({ columns: { v: 'text' } }) })
      const query = {
        filter: { op: 'contains', field: 'v', value: 'Tart' },
        order: [{ field: 'v', direction: 'desc' }],
        limit: 5,
        offset: 10,
      } as const
      await master.list(query)
      expect(master.preview?.(query)).toMatchInlineSnapshot(`
        {
          "here": [],
          "parameters": {
            "1": "TAR",
            "2": "tar",
            "3": "tart",
            "4": "5",
            "5": "10",
          },
          "statement": "SELECT "id"::text AS "id", "v" FROM "public"."item" WHERE (strpos((translate("v"::text, $1, $2)) COLLATE "C", $3::text COLLATE "C") > 0) ORDER BY "v"::text COLLATE "C" DESC NULLS LAST, "id"::text COLLATE "C" LIMIT $4 OFFSET $5",
        }
      `)
      const unknown = { op: 'contains', field: 'v', value: 'Σ' } as const
      expect(() => master.preview?.({ filter: unknown })).toThrow(
        expect.objectContaining({ code: 'table/unsupported-filter' }),
      )
    }),
  )

  test(
    '[PG15] names of tables, columns and schemas are only names, whatever they contain',
    withDatabase(
      `CREATE SCHEMA "a ""b'.$freshet$"; CREATE TABLE "a ""b'.$freshet$"."x;""--" ("i d' $1" text PRIMARY KEY, "n"" = 1; --$x$" int8, "__proto__" text)`,
      async (database, open) => {
        const table = 'x;"--'
        const field = 'n" = 1; --$x$'
        const schema = tableSchema({ idField: "i d' $1", columns: { [field]: 'int', ['__proto__']: 'text' } })
        for (const feed of ['replication', 'notify'] as const) {
          const master = await open({ [table]: schema }, { schema: `a "b'.$freshet$`, feed, slot: feed })
          const next = taking(master.watch({ signal: new AbortController().signal }))
          await next()
          const id = `'; DROP TABLE x; -- ${feed}`
          expect(await master.insert(id, { [field]: 1 }, { opId: "o'p" })).toMatchObject({
            row: { [field]: 1 },
          })
          expect(await next()).toMatchObject({ id })
          await master.patch(id, { set: own('__proto__', 'x') }, { opId: '2', expect: { [field]: 1 } })
          expect(await next()).toMatchObject({ id })
          const [entry] = await master.get([id])
          expect(Object.getOwnPropertyDescriptor(entry?.[1], '__proto__')?.value).toBe('x')
          const filter = { op: 'eq', field, value: 1 } as const
          expect((await master.list({ filter, order: [{ field, direction: 'desc' }] })).rows).toHaveLength(1)
          await master.deleteAll(filter, { opId: '3' })
          expect(await next()).toMatchObject({ kind: 'delete', id })
        }
        expect(
          await database.query("SELECT count(*)::int AS n FROM pg_tables WHERE tablename LIKE 'x;%'"),
        ).toEqual([{ n: 1 }])
      },
    ),
  )

  test(
    '[PG16] a refused write names the fields that PostgreSQL refuses, and stores nothing',
    withDatabase(
      `CREATE TABLE owner (id int8 PRIMARY KEY);
     CREATE TABLE item (
       id int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL, email text UNIQUE, price numeric(5, 2) CHECK (price > 0),
       owner int8 REFERENCES owner, code varchar(3), low int8, high int8, CONSTRAINT in_order CHECK (low <= high)
     );
     CREATE UNIQUE INDEX one_code ON item (lower(code), name);
     CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.name = 'bad' THEN RAISE EXCEPTION 'no bad names' USING COLUMN = 'name'; END IF;
       IF NEW.name = 'hidden' THEN RETURN NULL; END IF;
       NEW.name := trim(NEW.name); RETURN NEW; END $$;
     CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION refuse()`,
      async (_, open) => {
        const master = await open({ item: products, owner: tableSchema({ columns: {} }) })
        const first = await master.insertReturnId({ name: 'tart', email: 'a@b', price: 2 }, { opId: '1' })
        expect(first).toMatchObject({ id: '1', row: { name: 'tart', price: decimal('2.00') } })
        const refused: readonly (readonly [Row, readonly string[]])[] = [
          [{ name: null }, ['name']],
          [{ price: 0 }, ['price']],
          [{ price: decimal('100000') }, ['price']],
          [{ owner: 9 }, ['owner']],
          [{ code: 'toolong' }, ['code']],
          [{ code: 'toolong', name: 'x' }, ['code']],
          [{ low: 5, high: 1 }, ['low', 'high']],
          [{ name: 'bad' }, ['name']],
        ]
        for (const [set, fields] of refused) {
          const error: unknown = await master
            .patch('1', { set }, { opId: '2' })
            .catch((caught: unknown) => caught)
          expect(error).toBeInstanceOf(WriteRejectedError)
          const named = error instanceof WriteRejectedError ? error.fieldErrors.map(({ field }) => field) : []
          expect({ set, fields: named.toSorted() }).toEqual({ set, fields: [...fields].toSorted() })
        }
        await expect(master.insert('2', { name: 'pie', email: 'a@b' }, { opId: '3' })).rejects.toMatchObject({
          fieldErrors: [{ field: 'email' }],
        })
        await expect(master.patch('1', { set: { name: 'hidden' } }, { opId: '4' })).rejects.toMatchObject({
          code: 'table/rejected',
        })
        expect(await master.list({})).toMatchObject({ total: 1, rows: [['1', { name: 'tart' }]] })
        // A trigger that alters what is written: the row comes back as it is stored.
        expect(await master.patch('1', { set: { name: '  cake ' } }, { opId: '5' })).toMatchObject({
          row: { name: 'cake' },
        })
      },
    ),
  )

  test(
    '[PG17] a replace gives a column left out its default, and computed columns are not written',
    withDatabase(
      `CREATE TABLE item (id text PRIMARY KEY, name text, stock int8 DEFAULT 7, twice int8 GENERATED ALWAYS AS (stock * 2) STORED)`,
      async (_, open) => {
        const master = await open({
          item: tableSchema({ columns: { name: 'text', stock: 'int', twice: 'int' } }),
        })
        await master.insert('a', { name: 'x', stock: 20 }, { opId: '1' })
        expect(await master.replace('a', { name: 'y' }, { opId: '2' })).toMatchObject({
          row: { name: 'y', stock: 7, twice: 14 },
        })
        await expect(master.patch('a', { set: { twice: 1 } }, { opId: '3' })).rejects.toMatchObject({
          code: 'table/unknown-field',
        })
      },
    ),
  )

  test(
    '[PG18] keys that are numbers are walked in their own order, found and referred to by their text',
    withDatabase(
      `CREATE TABLE owner (id int4 PRIMARY KEY, name text);
     CREATE TABLE item (id int4 PRIMARY KEY, owner int4 REFERENCES owner);
     INSERT INTO owner VALUES (9, 'a'), (10, 'b'), (100, 'c'); INSERT INTO item VALUES (1, 9), (2, 10), (3, 10), (4, NULL)`,
      async (database) => {
        const remote = await openPostgresDatabase({
          url: database.url,
          tables: {
            owner: tableSchema({
              columns: { name: 'text' },
              references: { items: { kind: 'many', table: 'item', field: 'owner' } },
            }),
            item: tableSchema({
              columns: { owner: 'int' },
              references: { owner: { kind: 'one', table: 'owner', field: 'owner' } },
            }),
          },
        })
        const [owner, item] = [remote.master('owner'), remote.master('item')]
        const first = await owner.page({ limit: 2 })
        const rest = await owner.page({ after: first.next, limit: 2 })
        expect([first, rest].map(({ rows }) => rows.map(([id]) => id))).toEqual([['9', '10'], ['100']])
        expect(await owner.get(['100', '9', '7'])).toMatchObject([
          ['100', { name: 'c' }],
          ['9', { name: 'a' }],
        ])
        expect((await owner.getReference('items', { id: '10' }).list({})).rows.map(([id]) => id)).toEqual([
          '2',
          '3',
        ])
        const [entry] = await item.get(['2'])
        expect((await item.getReference('owner', entry?.[1] ?? {}).list({})).rows).toMatchObject([
          ['10', { name: 'b' }],
        ])
        expect((await item.getReference('owner', { owner: null }).list({})).rows).toEqual([])
        await remote.close()
      },
    ),
  )

  test(
    '[PG19] by notification nothing is claimed that is not kept, and it says why',
    withDatabase(
      'CREATE TABLE item (id text PRIMARY KEY, name text); CREATE TABLE plain (id text, name text); CREATE VIEW seen AS SELECT * FROM item',
      async (database, open) => {
        await database.query(`CREATE ROLE guest LOGIN PASSWORD 'g'; GRANT SELECT, INSERT, UPDATE, DELETE ON item TO guest;
        CREATE ROLE helper LOGIN PASSWORD 'g'; GRANT SELECT, TRIGGER ON item TO helper; GRANT CREATE ON SCHEMA public TO helper`)
        const as = (user: string): string => database.url.replace(/\/\/[^@]+@/, `//${user}:g@`)
        const item = { item: tableSchema({ columns: { name: 'text' } }) }
        const guest = await open(item, { url: as('guest') })
        expect(guest.capabilities).toMatchObject({
          push: 'none',
          resumable: false,
          deletesSeen: false,
          opEcho: false,
        })
        const helper = await open(item, { url: as('helper') })
        expect(helper.capabilities).toMatchObject({
          push: 'hint',
          resumable: false,
          deletesSeen: true,
          opEcho: false,
        })
        const next = taking(helper.watch({ signal: new AbortController().signal }))
        expect(await next()).toEqual({ kind: 'live' })
        // A user who may neither replicate nor make triggers now finds the one that is there.
        expect((await open(item, { url: as('guest') })).capabilities.push).toBe('hint')
        await guest.insert('a', { name: 'x' }, { opId: '1' })
        expect(await next()).toEqual({ kind: 'touched', id: 'a' })
        await database.query("UPDATE item SET id = 'b'")
        expect([await next(), await next()]).toEqual([
          { kind: 'delete', id: 'a' },
          { kind: 'touched', id: 'b' },
        ])
        await database.query("INSERT INTO item VALUES (repeat('x', 8000))")
        expect(await next()).toEqual({ kind: 'invalidated' })
        await database.query('TRUNCATE item')
        expect(await next()).toEqual({ kind: 'invalidated' })
        await expect(open(item, { url: as('guest'), feed: 'replication' })).rejects.toMatchObject({
          code: 'postgres/no-replication',
          message: expect.stringContaining('REPLICATION'),
        })
        await expect(open({ plain: item.item })).rejects.toMatchObject({ code: 'postgres/no-key' })
        for (const missing of ['seen', 'nothing'])
          await expect(open({ [missing]: item.item })).rejects.toMatchObject({ code: 'table/missing-table' })
        await expect(open(item, { url: database.url.replace(/test\d+$/, 'nowhere') })).rejects.toMatchObject({
          code: 'table/not-allowed',
        })
        await database.query('DROP OWNED BY guest, helper CASCADE; DROP ROLE guest, helper')
      },
    ),
  )

  test(
    '[PG13] what the connection string sets stands, but for the forms that values are read in',
    withDatabase('CREATE TABLE item (id text PRIMARY KEY, at timestamptz)', async (database, open) => {
      const url = `${database.url}?options=-c%20TimeZone%3DAsia%2FTokyo%20-c%20statement_timeout%3D12345`
      const tables = { item: tableSchema({ columns: { at: 'datetime' } }) }
      const master = await open(tables, { url })
      await database.query("INSERT INTO item VALUES ('a', '2026-01-02T03:04:05Z')")
      expect(await master.get(['a'])).toEqual([['a', { id: 'a', at: new Date('2026-01-02T03:04:05Z') }]])
    }),
  )

  describe('where the server does not replicate', () => {
    const plain = postgresFixture({ wal_level: 'replica' })

    test('[PG19] changes come by notification, and the log says why', async () => {
      const database = await plain.open('CREATE TABLE item (id text PRIMARY KEY, name text)')
      const lines: unknown[] = []
      const remote = await openPostgresDatabase({
        url: database.url,
        tables: { item: tableSchema({ columns: { name: 'text' } }) },
        slot: 'unused',
        log: {
          enabled: () => true,
          write: (level, _, message, fields) => lines.push([level, message, fields]),
        },
      })
      const master = remote.master('item')
      expect(master.capabilities).toMatchObject({ push: 'hint', resumable: false, opEcho: false })
      expect(lines).toEqual([
        [
          'warn',
          'item: changes by notify',
          expect.objectContaining({ why: expect.stringContaining('wal_level is replica') }),
        ],
      ])
      const next = taking(master.watch({ signal: new AbortController().signal, from: 'anywhere' }))
      expect(await next()).toEqual({ kind: 'live' })
      await master.insert('a', { name: 'x' }, { opId: '1' })
      expect(await next()).toEqual({ kind: 'touched', id: 'a' })
      await remote.close()
      await database.close()
    })
  })

  test('[PG20] a server out of reach is a typed error that may be tried again, and less is claimed until it is there', async () => {
    const remote = await openPostgresDatabase({
      url: 'postgres://someone:secret@127.0.0.1:1/nowhere',
      tables: { item: tableSchema({ columns: {} }) },
      slot: 'x',
    })
    const master = remote.master('item')
    expect(master.capabilities).toMatchObject({ push: 'hint', resumable: false })
    const refused = { code: 'table/unreachable', kind: 'remote', retryable: true }
    await expect(master.list({})).rejects.toMatchObject(refused)
    await expect(master.insert('a', {}, { opId: '1' })).rejects.toMatchObject(refused)
    const error: unknown = await taking(master.watch({ signal: new AbortController().signal }))().catch(
      (e: unknown) => e,
    )
    expect(error).toMatchObject(refused)
    expect(String(error)).not.toContain('secret')
    await remote.close()
  })
})

type OpenMaster = (
  tables: { readonly [table: string]: TableSchema },
  options?: Partial<PostgresDatabaseOptions>,
) => Promise<Master>

const products = tableSchema({
  columns: {
    name: 'text',
    email: 'text',
    price: 'decimal',
    owner: 'int',
    code: 'text',
    low: 'int',
    high: 'int',
  },
})

const everything = tableSchema({
  columns: {
    flag: 'bool',
    tiny: 'int',
    small: 'int',
    big: 'int',
    half: 'float',
    double: 'float',
    exact: 'decimal',
    cost: 'decimal',
    short: 'text',
    padded: 'text',
    words: 'text',
    at: 'datetime',
    local: 'datetime',
    day: 'text',
    other: 'uuid',
    raw: 'bytes',
    doc: 'object',
    tree: 'any',
    span: 'duration',
    feeling: 'text',
    place: 'text',
    numbers: 'array',
    names: 'array',
    grid: 'array',
    moments: 'array',
    docs: 'array',
  },
})

const typicalRow: Row = {
  flag: true,
  tiny: -1,
  small: 42,
  big: 2 ** 53 - 1,
  half: 0.1,
  double: 0.1,
  exact: decimal('150.00'),
  cost: decimal('9.50'),
  short: 'abc',
  padded: 'ab',
  words: 'one two',
  at: new Date('2026-01-02T03:04:05.123Z'),
  local: new Date('2026-01-02T03:04:05Z'),
  day: '2026-01-02',
  other: uuid('018f3c1e-0000-7000-8000-00000000abcd'),
  raw: new Uint8Array([0, 255, 39, 92]),
  doc: { a: [1, 'two', null] },
  tree: 'text',
  span: duration('PT1H30M'),
  feeling: 'happy',
  place: '(1,2)',
  numbers: [1, 2n ** 60n, null],
  names: ['a', 'b "c" \\ {d}, e', '', 'NULL', null],
  grid: [
    [1, 2],
    [3, 4],
  ],
  moments: [new Date(0), datetime('2026-01-02T03:04:05.123456Z')],
  docs: [{ a: 1 }, null],
}

const extremeRow: Row = {
  flag: false,
  tiny: -32768,
  small: 2147483647,
  big: -(2n ** 63n),
  half: -Infinity,
  double: 5e-324,
  exact: decimal(`${'1234567890'.repeat(6)}.5`),
  cost: decimal('0.01'),
  short: '\u{1F9C1}',
  padded: '',
  words: `'; DROP TABLE item; -- ${'x'.repeat(100_000)}`,
  at: datetime('2026-01-02T03:04:05.123456Z'),
  local: new Date('-000001-01-01T00:00:00.001Z'),
  day: '0044-03-15 BC',
  other: uuid('00000000-0000-0000-0000-000000000000'),
  raw: new Uint8Array(0),
  doc: {},
  tree: { big: 12345678901234567890n, deep: [[[]]] },
  span: duration('P1Y2M3DT4H5M6.789S'),
  feeling: 'sad',
  place: '(-1e+300,0)',
  numbers: [],
  names: ['\n', '\u{FFFF}'],
  grid: [],
  moments: [new Date('+010000-01-01T00:00:00Z')],
  docs: [['x', { y: 'z' }]],
}

const emptyRow: Row = Object.fromEntries(Object.keys(everything.columns).map((field) => [field, null]))

type Comparable = {
  readonly type: string
  readonly declared: TableSchema['columns'][string]
  readonly values: readonly Value[]
}

const comparable: { readonly [field: string]: Comparable } = {
  int4: { type: 'int4', declared: 'int', values: [0, -1, 9, 10, 2147483647, null] },
  int8: { type: 'int8', declared: 'int', values: [0, 9, 10, 2n ** 53n + 1n, 2 ** 53, -(2n ** 63n), null] },
  numeric: {
    type: 'numeric',
    declared: 'decimal',
    values: [
      decimal('150.00'),
      decimal('9.5'),
      decimal('-0.10'),
      decimal('0.1'),
      decimal('0.10000000000000001'),
      NaN,
      Infinity,
      null,
    ],
  },
  float8: {
    type: 'float8',
    declared: 'float',
    values: [0.1, -2.5, 3, 1e15 + 0.5, -0, NaN, Infinity, -Infinity, 2 ** 60, null],
  },
  float4: { type: 'float4', declared: 'float', values: [0.1, -2.5, 3, 16777216, null] },
  timestamptz: {
    type: 'timestamptz',
    declared: 'datetime',
    values: [
      new Date(0),
      new Date('2026-01-02T03:04:05.123Z'),
      datetime('2026-01-02T03:04:05.123456Z'),
      new Date('-000043-03-15T00:00:00Z'),
      'infinity',
      '-infinity',
      null,
    ],
  },
  timestamp: {
    type: 'timestamp',
    declared: 'datetime',
    values: [new Date(0), new Date('2026-01-02T03:04:05.123Z'), null],
  },
  date: { type: 'date', declared: 'text', values: ['2026-01-02', '1999-12-31', null] },
  uuid: {
    type: 'uuid',
    declared: 'uuid',
    values: [
      uuid('018f3c1e-0000-7000-8000-00000000abcd'),
      uuid('f0000000-0000-7000-8000-00000000abcd'),
      null,
    ],
  },
  text: {
    type: 'text COLLATE "en-x-icu"',
    declared: 'text',
    values: ['', 'a', 'B', 'ä', 'a ', 'Z', '10', '9', '-', '\u{1F9C1}', null],
  },
  bpchar: { type: 'char(5)', declared: 'text', values: ['a', 'ab', 'B', null] },
  bytea: {
    type: 'bytea',
    declared: 'bytes',
    values: [new Uint8Array([1]), new Uint8Array([1, 0]), new Uint8Array([]), new Uint8Array([255]), null],
  },
  bool: { type: 'bool', declared: 'bool', values: [true, false, null] },
  jsonb: {
    type: 'jsonb',
    declared: 'any',
    values: ['a', 'B', 1, 1.5, 12345678901234567890n, true, false, [1], { a: 1 }, null],
  },
}

/** Values of other types, which must match nothing by accident. */
const foreign: readonly Value[] = [
  'x',
  '',
  5,
  0.5,
  2n ** 70n,
  NaN,
  true,
  null,
  '150.00',
  decimal('3'),
  '1970-01-01T00:00:00.000Z',
  datetime('2026-01-02T03:04:05.1234567Z'),
  new Date(0),
  uuid('018f3c1e-0000-7000-8000-00000000abcd'),
  new Uint8Array([1]),
]

function* gridOf(values: readonly Value[]): Iterable<Filter> {
  for (const value of values) {
    for (const op of ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const) yield { op, field: 'v', value }
    yield { op: 'not', filter: { op: 'in', field: 'v', values: [value] } }
    if (typeof value !== 'string') continue
    yield { op: 'contains', field: 'v', value }
    yield { op: 'not', filter: { op: 'contains', field: 'v', value: value.toUpperCase() } }
  }
}

async function listedOrRefused(master: Master, filter: Filter): Promise<string[] | undefined> {
  try {
    return (await master.list({ filter })).rows.map(([id]) => id)
  } catch (error) {
    if (codeOf(error) === 'table/unsupported-filter') return undefined
    throw error
  }
}

function own(field: string, value: Value): Row {
  return Object.fromEntries([[field, value]])
}

function codeOf(error: unknown): unknown {
  return error instanceof FreshetError ? error.code : error
}
