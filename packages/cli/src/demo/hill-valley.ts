import { randomBelow, systemClock, systemRandom, type Clock, type Random } from '@freshet/core'
import { tableSchema, type TableSchema } from '@freshet/table'
import type { SurrealScope, SurrealServer } from './surreal-server.ts'

/** Where the demo keeps its tables. */
export const hillValleyScope: SurrealScope = { namespace: 'demo', database: 'hill_valley' }

/** The bakery of Hill Valley: its clients, products and orders. */
export const hillValleyTables = {
  bakery: tableSchema({
    columns: { name: 'text', profit_margin: 'int' },
    references: {
      clients: { kind: 'many', table: 'client', field: 'bakery' },
      products: { kind: 'many', table: 'product', field: 'bakery' },
      orders: { kind: 'many', table: 'order', field: 'bakery' },
    },
  }),
  client: tableSchema({
    columns: {
      name: 'text',
      email: 'text',
      contact_details: 'text',
      is_paying_client: 'bool',
      balance: 'decimal',
      bakery: 'recordId',
      metadata: 'object',
    },
    references: {
      bakery: { kind: 'one', table: 'bakery', field: 'bakery' },
      orders: { kind: 'many', table: 'order', field: 'client' },
    },
  }),
  product: tableSchema({
    columns: {
      name: 'text',
      price: 'int',
      calories: 'int',
      sticker: 'text',
      is_deleted: 'bool',
      inventory: 'object',
      bakery: 'recordId',
    },
    references: { bakery: { kind: 'one', table: 'bakery', field: 'bakery' } },
  }),
  order: tableSchema({
    columns: {
      client: 'recordId',
      bakery: 'recordId',
      lines: 'array',
      is_deleted: 'bool',
      created_at: 'datetime',
    },
    titleFields: ['id'],
    references: {
      client: { kind: 'one', table: 'client', field: 'client' },
      bakery: { kind: 'one', table: 'bakery', field: 'bakery' },
    },
  }),
} satisfies { readonly [table: string]: TableSchema }

/** Defines the tables and puts the first rows in, unless they are there. Money is in cents, but for balances. */
export async function seedHillValley(
  server: SurrealServer,
  scope: SurrealScope = hillValleyScope,
): Promise<void> {
  await server.query(scope, definitions)
  const [bakeries] = await server.query(scope, 'SELECT VALUE id FROM bakery')
  if (Array.isArray(bakeries) && bakeries.length > 0) return
  await server.query(scope, rows)
}

const definitions = `
DEFINE TABLE IF NOT EXISTS bakery SCHEMAFULL;
DEFINE FIELD IF NOT EXISTS name ON bakery TYPE string ASSERT string::len($value) > 0;
DEFINE FIELD IF NOT EXISTS profit_margin ON bakery TYPE int ASSERT $value >= 0 AND $value <= 100;

DEFINE TABLE IF NOT EXISTS client SCHEMAFULL;
DEFINE FIELD IF NOT EXISTS name ON client TYPE string ASSERT string::len($value) > 0;
DEFINE FIELD IF NOT EXISTS email ON client TYPE string ASSERT string::is_email($value);
DEFINE FIELD IF NOT EXISTS contact_details ON client TYPE option<string>;
DEFINE FIELD IF NOT EXISTS is_paying_client ON client TYPE bool DEFAULT false;
DEFINE FIELD IF NOT EXISTS balance ON client TYPE decimal DEFAULT 0dec;
DEFINE FIELD IF NOT EXISTS bakery ON client TYPE option<record<bakery>>;
DEFINE FIELD IF NOT EXISTS metadata ON client TYPE option<object> FLEXIBLE;
DEFINE INDEX IF NOT EXISTS unique_email ON client FIELDS email UNIQUE;

DEFINE TABLE IF NOT EXISTS product SCHEMAFULL;
DEFINE FIELD IF NOT EXISTS name ON product TYPE string ASSERT string::len($value) > 0;
DEFINE FIELD IF NOT EXISTS price ON product TYPE int ASSERT $value > 0;
DEFINE FIELD IF NOT EXISTS calories ON product TYPE int DEFAULT 0;
DEFINE FIELD IF NOT EXISTS sticker ON product TYPE option<string>;
DEFINE FIELD IF NOT EXISTS is_deleted ON product TYPE bool DEFAULT false;
DEFINE FIELD IF NOT EXISTS inventory ON product TYPE option<object>;
DEFINE FIELD IF NOT EXISTS inventory.stock ON product TYPE option<int>;
DEFINE FIELD IF NOT EXISTS bakery ON product TYPE option<record<bakery>>;

DEFINE TABLE IF NOT EXISTS \`order\` SCHEMAFULL;
DEFINE FIELD IF NOT EXISTS client ON \`order\` TYPE record<client>;
DEFINE FIELD IF NOT EXISTS bakery ON \`order\` TYPE option<record<bakery>>;
DEFINE FIELD IF NOT EXISTS lines ON \`order\` TYPE array DEFAULT [];
DEFINE FIELD IF NOT EXISTS lines.* ON \`order\` TYPE object;
DEFINE FIELD IF NOT EXISTS lines.*.product ON \`order\` TYPE record<product>;
DEFINE FIELD IF NOT EXISTS lines.*.quantity ON \`order\` TYPE int ASSERT $value > 0;
DEFINE FIELD IF NOT EXISTS lines.*.price ON \`order\` TYPE int ASSERT $value > 0;
DEFINE FIELD IF NOT EXISTS is_deleted ON \`order\` TYPE bool DEFAULT false;
DEFINE FIELD IF NOT EXISTS created_at ON \`order\` TYPE datetime DEFAULT time::now();
`

const rows = `
CREATE bakery:hill_valley SET name = 'Hill Valley Bakery', profit_margin = 15;

CREATE client:marty SET name = 'Marty McFly', email = 'marty@gmail.com', contact_details = '555-1955',
  is_paying_client = true, balance = 150.00dec, bakery = bakery:hill_valley;
CREATE client:doc SET name = 'Doc Brown', email = 'doc@brown.com', contact_details = '555-1885',
  is_paying_client = true, balance = 500.50dec, bakery = bakery:hill_valley;
CREATE client:biff SET name = 'Biff Tannen', email = 'biff-3293@hotmail.com', contact_details = '555-1955',
  is_paying_client = false, balance = -50.25dec, bakery = bakery:hill_valley,
  metadata = { notes: 'Often late with payments', credit_limit: 500 };

CREATE product:flux_cupcake SET name = 'Flux Capacitor Cupcake', calories = 300, price = 120, sticker = 'cat',
  inventory = { stock: 50 }, bakery = bakery:hill_valley;
CREATE product:delorean_donut SET name = 'DeLorean Doughnut', calories = 250, price = 135, sticker = 'dog',
  inventory = { stock: 30 }, bakery = bakery:hill_valley;
CREATE product:time_tart SET name = 'Time Traveler Tart', calories = 200, price = 220,
  inventory = { stock: 20 }, bakery = bakery:hill_valley;
CREATE product:sea_pie SET name = 'Enchantment Under the Sea Pie', calories = 350, price = 299, sticker = 'pig',
  inventory = { stock: 15 }, bakery = bakery:hill_valley;
CREATE product:hover_cookies SET name = 'Hoverboard Cookies', calories = 150, price = 199, sticker = 'chicken',
  inventory = { stock: 40 }, bakery = bakery:hill_valley;

CREATE \`order\`:order1 SET client = client:marty, bakery = bakery:hill_valley, lines = [
  { product: product:flux_cupcake, quantity: 3, price: 120 },
  { product: product:delorean_donut, quantity: 1, price: 135 },
  { product: product:hover_cookies, quantity: 2, price: 199 } ];
CREATE \`order\`:order2 SET client = client:doc, bakery = bakery:hill_valley, lines = [
  { product: product:time_tart, quantity: 1, price: 220 } ];
CREATE \`order\`:order3 SET client = client:doc, bakery = bakery:hill_valley, lines = [
  { product: product:hover_cookies, quantity: 500, price: 199 } ];
`

export type SomeoneElseOptions = {
  /** Default 3,000. */
  readonly everyMs?: number | undefined
  readonly scope?: SurrealScope | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
}

/**
 * Another user of the bakery, who changes a row every few seconds: sells a
 * product or settles something with a client. Writes beside the listener, so it
 * goes on while the server is stopped.
 *
 * @returns How to make it stop.
 */
export function startSomeoneElse(server: SurrealServer, options: SomeoneElseOptions = {}): () => void {
  const { everyMs = 3000, scope = hillValleyScope, clock = systemClock, random = systemRandom } = options
  let cancel = (): void => {}
  let isStopped = false
  const changeOne = async (): Promise<void> => {
    // A user whose write fails tries something else later.
    await writeAsSomeoneElse(server, { scope, random }).catch(() => {})
    if (!isStopped) wait()
  }
  const wait = (): void => {
    cancel = clock.schedule(() => void changeOne(), everyMs)
  }
  wait()
  return () => {
    isStopped = true
    cancel()
  }
}

/**
 * One change by another user, now.
 *
 * @throws {FreshetError} `demo/query-failed`.
 */
export async function writeAsSomeoneElse(
  server: SurrealServer,
  { scope = hillValleyScope, random = systemRandom }: Pick<SomeoneElseOptions, 'scope' | 'random'> = {},
): Promise<void> {
  const change = changes[randomBelow(random, changes.length)] ?? changes[0]
  await server.query(scope, change.statement, { amount: 1 + randomBelow(random, change.atMost) })
}

type Change = { readonly statement: string; readonly atMost: number }

const changes: readonly [Change, ...Change[]] = [
  {
    statement:
      'UPDATE product:flux_cupcake SET inventory.stock = IF inventory.stock < $amount { 50 } ELSE { inventory.stock - $amount }',
    atMost: 3,
  },
  {
    statement:
      'UPDATE product:delorean_donut SET inventory.stock = IF inventory.stock < $amount { 30 } ELSE { inventory.stock - $amount }',
    atMost: 2,
  },
  { statement: 'UPDATE client:marty SET balance = balance + <decimal>$amount / 4dec', atMost: 40 },
  { statement: 'UPDATE client:biff SET balance = balance - <decimal>$amount / 4dec', atMost: 20 },
  // Another price each time: a write of what is there already would be news to nobody.
  { statement: 'UPDATE product:sea_pie SET price = 280 + (price - 280 + $amount) % 41', atMost: 40 },
]
