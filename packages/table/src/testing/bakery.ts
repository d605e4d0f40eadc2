import { decimal, recordId, type Row } from '@freshet/core'
import { tableSchema } from '../master-schema.ts'
import type { MasterDatabase, TableSchema } from '../master.ts'

/** The tables of the Hill Valley bakery. */
export const bakeryTables = {
  bakery: tableSchema({
    columns: { name: 'text', profit_margin: 'int' },
    references: {
      clients: { kind: 'many', table: 'client', field: 'bakery' },
      products: { kind: 'many', table: 'product', field: 'bakery' },
    },
  }),
  client: tableSchema({
    columns: {
      name: 'text',
      email: 'text',
      is_paying: 'bool',
      balance: 'decimal',
      bakery: 'recordId',
      metadata: 'object',
    },
    references: { bakery: { kind: 'one', table: 'bakery', field: 'bakery' } },
  }),
  product: tableSchema({
    columns: { name: 'text', price: 'int', calories: 'int', bakery: 'recordId' },
    references: { bakery: { kind: 'one', table: 'bakery', field: 'bakery' } },
  }),
} satisfies { [table: string]: TableSchema }

const hillValley = recordId('bakery', 'hill_valley')

/** Three products of the bakery, ascending by id: `a`, `b`, `c`. */
const products: { readonly [id: string]: Row } = {
  a: { name: 'Alpha', price: 10 },
  b: { name: 'Beta', price: 20 },
  c: { name: 'Gamma', price: 30 },
}

const clients: { readonly [id: string]: Row } = {
  marty: {
    name: 'Marty McFly',
    email: 'marty@gmail.com',
    is_paying: true,
    balance: decimal('150.00'),
    bakery: hillValley,
  },
  doc: {
    name: 'Doc Brown',
    email: 'doc@brown.com',
    is_paying: true,
    balance: decimal('500.50'),
    bakery: hillValley,
  },
  biff: {
    name: 'Biff Tannen',
    email: 'biff-3293@hotmail.com',
    is_paying: false,
    balance: decimal('-50.25'),
    bakery: hillValley,
    metadata: { notes: 'Often late with payments', credit_limit: 500 },
  },
}

export async function seedBakery(database: MasterDatabase): Promise<void> {
  const rows = {
    bakery: { hill_valley: { name: 'Hill Valley Bakery', profit_margin: 15 } },
    client: clients,
    product: products,
  }
  for (const [table, entries] of Object.entries(rows)) {
    for (const [id, row] of Object.entries(entries)) {
      await database.master(table).insert(id, row, { opId: `seed-${table}-${id}` })
    }
  }
}
