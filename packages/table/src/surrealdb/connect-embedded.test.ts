import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConnectionUnavailableError } from 'surrealdb'
import { expect, test, vi } from 'vitest'
import { connectEmbedded } from './connect-embedded.ts'

const options = { namespace: 'test', database: 'test' }

test('[TB40] an embedded store that cannot be opened fails instead of waiting for ever', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-'))
  const file = join(folder, 'a-file')
  await writeFile(file, 'not a folder')
  await expect(connectEmbedded(`surrealkv://${file}/store`, options)).rejects.toMatchObject({
    code: 'surrealdb/open-failed',
    kind: 'storage',
  })
  await rm(folder, { recursive: true })
})

test('[TB40] an embedded store that is open already fails as locked, and opens once it is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-'))
  const url = `surrealkv://${folder}/store`
  const first = await connectEmbedded(url, options)
  await first.query('CREATE bakery:hill_valley')
  await expect(connectEmbedded(url, options)).rejects.toMatchObject({ code: 'surrealdb/locked' })
  await first.close()
  const again = await vi.waitFor(() => connectEmbedded(url, options))
  expect(await again.query('SELECT VALUE record::id(id) FROM bakery')).toEqual([['hill_valley']])
  await again.close()
  await rm(folder, { recursive: true })
})

test('[TB40] an embedded store that is closed lets the requests end that are running', async () => {
  const client = await connectEmbedded('mem://', { namespace: 'n', database: 'd' })
  const running = Array.from({ length: 200 }, () => client.query('RETURN 1').catch(() => 'refused'))
  await Promise.race(running)
  await client.close()
  expect(await Promise.all(running)).toContainEqual([1])
  await expect(client.query('RETURN 1')).rejects.toThrow(ConnectionUnavailableError)
})
