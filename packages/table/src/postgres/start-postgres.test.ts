import { describe, expect, test } from 'vitest'
import { skipNote, whyNoPostgres } from '../testing/postgres-fixture.ts'
import { startPostgres } from './start-postgres.ts'

describe.skipIf(whyNoPostgres !== undefined)(`a server for tests${skipNote}`, () => {
  test('[PG23] a server that cannot start fails, with what it said', async () => {
    await expect(startPostgres({ settings: { wal_level: 'nonsense' } })).rejects.toMatchObject({
      code: 'postgres/cannot-start',
      message: expect.stringContaining('wal_level'),
    })
  })
})
