import { expect, test } from 'vitest'
import { uuid } from '@freshet/core'
import { tableSchema } from '../master-schema.ts'
import { createSurrealDatabase } from './surreal-database.ts'
import { surrealToValue, valueToSurreal } from './surreal-values.ts'

test('[TB46] in a browser, a server that is not there is a typed error and may be tried again', async () => {
  const tables = { client: tableSchema({ columns: { name: 'text' } }) }
  const remote = { url: 'ws://127.0.0.1:9/rpc', namespace: 'test', database: 'test' }
  const database = createSurrealDatabase({ tables, remote, timeoutMs: 5000 })
  await expect(database.master('client').list({})).rejects.toMatchObject({
    code: 'table/unreachable',
    retryable: true,
  })
  await database.close()
})

test('[TB47] in a page that is not isolated, UUIDs are converted both ways', () => {
  expect(globalThis).not.toHaveProperty('SharedArrayBuffer')
  const value = uuid('018f3c1e-0000-7000-8000-00000000abcd')
  expect(surrealToValue(valueToSurreal(value, 'uuid', 'token'))).toEqual(value)
})
