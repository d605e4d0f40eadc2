import { createServer, type Socket } from 'node:net'
import { tableSchema } from '../master-schema.ts'
import { expect, test } from 'vitest'
import { createSurrealDatabase } from './surreal-database.ts'

const tables = { client: tableSchema({ columns: { name: 'text' } }) }
const scope = { namespace: 'test', database: 'test' }

test('[TB46] a server that is not there is a typed error, for calls and watches, and may be tried again', async () => {
  // Port 1 is reserved; nothing listens there.
  const database = createSurrealDatabase({ tables, remote: { url: 'ws://127.0.0.1:1/rpc', ...scope } })
  const client = database.master('client')
  const refused = { code: 'table/unreachable', kind: 'remote', retryable: true }
  await expect(client.list({})).rejects.toMatchObject(refused)
  await expect(client.insert('marty', { name: 'Marty' }, { opId: '1' })).rejects.toMatchObject(refused)
  const changes = client.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
  await expect(changes.next()).rejects.toMatchObject(refused)
  await database.close()
})

test('[TB46] a server that never answers is given up after the time allowed', async () => {
  const sockets: Socket[] = []
  const mute = createServer((socket) => sockets.push(socket))
  const port = await new Promise<number>((resolve) => {
    mute.listen(0, '127.0.0.1', () => resolve((mute.address() as { port: number }).port))
  })
  const remote = { url: `ws://127.0.0.1:${port}/rpc`, ...scope }
  const database = createSurrealDatabase({ tables, remote, timeoutMs: 50 })
  await expect(database.master('client').list({})).rejects.toMatchObject({ code: 'table/unreachable' })
  await database.close()
  for (const socket of sockets) socket.destroy()
  mute.close()
})
