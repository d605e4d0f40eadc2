import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedBooksContract } from '../../testing/shared-books-contract.ts'
import { openNodeSql } from '../database/node-sql.ts'
import { openSqliteSharedBooks } from './sqlite-shared-books.ts'

// The same cases run on PostgreSQL in packages/cli, which may start a server.

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-shared-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const open = () => openSqliteSharedBooks({ path: join(folder, 'shared.sqlite') })
const runBeside = async (sql: string): Promise<void> => {
  const file = openNodeSql({ path: join(folder, 'shared.sqlite') })
  file.exec(sql)
  file.close()
}

for (const { title, run } of sharedBooksContract)
  test(`${title}, in one file`, () => expect(run({ open, run: runBeside })).resolves.toBeUndefined())

test('[SH3] a file of another layout is refused and left as it is', async () => {
  const path = join(folder, 'newer.sqlite')
  await (await openSqliteSharedBooks({ path })).close()
  const file = openNodeSql({ path })
  file.exec('UPDATE freshet_layout SET version = 9')
  file.close()
  await expect(openSqliteSharedBooks({ path })).rejects.toMatchObject({ code: 'raindex/shared-foreign' })
})
