import { refusedBySurrealDb, contractTables, masterContract } from '@freshet/table/testing'
import type { MasterDatabase } from '@freshet/table'
import { createSurrealDatabase } from '@freshet/table/surrealdb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CborCodec, ConnectionUnavailableError, Surreal, type AuthProvider } from 'surrealdb'
import WebSocketClient from 'ws'
import { startSurrealServer, type SurrealServer } from './surreal-server.ts'

const tables = 'DEFINE TABLE client SCHEMALESS; DEFINE TABLE client_order SCHEMALESS'
const scope = { namespace: 'test', database: 'test' }

describe('[DM1] the stock SDK talks to the demo server as to a SurrealDB', () => {
  let server: SurrealServer
  let databases = 0
  beforeAll(async () => {
    server = await startSurrealServer()
  })
  afterAll(async () => {
    await server.close()
  })
  masterContract(
    'SurrealDB over WebSocket',
    async () => {
      const remote = { url: server.url, namespace: 'contract', database: `d${++databases}` }
      await server.query(remote, tables)
      return { database: createSurrealDatabase({ tables: contractTables, remote }) }
    },
    { refuses: refusedBySurrealDb },
  )
})

describe('the demo server', () => {
  let server: SurrealServer
  const clients: Surreal[] = []
  const connect = async (): Promise<Surreal> => {
    const client = new Surreal()
    clients.push(client)
    await client.connect(server.url, { ...scope, reconnect: false })
    return client
  }
  beforeEach(async () => {
    server = await startSurrealServer()
    await server.query(scope, tables)
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close().catch(() => true)))
    await server.close()
  })

  test('[DM2] stopping drops the connections and refuses new ones; starting brings the same data back', async () => {
    const { url } = server
    const database = createSurrealDatabase({ tables: contractTables, remote: { url, ...scope } })
    const client = database.master('client')
    await client.insert('marty', { name: 'Marty' }, { opId: '1' })
    const changes = client.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
    expect(await changes.next()).toMatchObject({ value: { kind: 'live' } })

    await server.stop()
    expect(server.isListening()).toBe(false)
    await expect(changes.next()).rejects.toMatchObject({ code: 'table/unreachable', retryable: true })
    await expect(client.list({})).rejects.toMatchObject({ code: 'table/unreachable', retryable: true })
    const again = client.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
    await expect(again.next()).rejects.toMatchObject({ code: 'table/unreachable' })
    await server.query(scope, "CREATE client:doc SET name = 'Doc'")

    await server.start()
    expect(server.url).toBe(url)
    expect((await client.list({})).rows.map(([id]) => id)).toEqual(['doc', 'marty'])
    const resumed = client.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
    expect(await resumed.next()).toMatchObject({ value: { kind: 'live' } })
    await server.query(scope, "UPDATE client:doc SET name = 'Emmett'")
    expect(await resumed.next()).toMatchObject({ value: { kind: 'touched', id: 'doc' } })
    await database.close()
  })

  test('[TB39] wrong credentials are a typed error that says what to do, for calls and watches', async () => {
    const { url } = server
    await server.query(scope, "DEFINE USER viewer ON ROOT PASSWORD 'secret' ROLES VIEWER")
    const open = (authentication: AuthProvider): MasterDatabase =>
      createSurrealDatabase({ tables: contractTables, remote: { url, ...scope, authentication } })
    const wrong: readonly AuthProvider[] = [
      { username: 'viewer', password: 'guess' },
      { username: 'nobody', password: 'secret' },
      { ...scope, username: 'viewer', password: 'secret' },
      'no.token.at.all',
    ]
    for (const authentication of wrong) {
      const database = open(authentication)
      const client = database.master('client')
      const refused = {
        code: 'table/not-allowed',
        kind: 'remote',
        retryable: false,
        message: expect.stringMatching(/^SurrealDB refused to sign in: .* Check name, password or token/),
      }
      await expect(client.list({})).rejects.toMatchObject(refused)
      const changes = client.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
      await expect(changes.next()).rejects.toMatchObject(refused)
      await expect(client.list({})).rejects.not.toThrow(/secret|guess/)
      await database.close()
    }
    const database = open({ username: 'viewer', password: 'secret' })
    expect(await database.master('client').count()).toBe(0)
    await database.close()
  })

  test('[DM12] closing lets the requests end that are running', async () => {
    const own = await startSurrealServer()
    const running = Array.from({ length: 200 }, () => own.query(scope, 'RETURN 1').catch(() => 'refused'))
    await Promise.race(running)
    await own.close()
    expect(await Promise.all(running)).toContainEqual([1])
    await expect(own.query(scope, 'RETURN 1')).rejects.toThrow(ConnectionUnavailableError)
  })

  test('[DM3] a write under way when the connection is lost fails as unreachable and is not sent again', async () => {
    const database = createSurrealDatabase({ tables: contractTables, remote: { url: server.url, ...scope } })
    const client = database.master('client')
    await client.count()
    const writing = client.insert('marty', { name: 'Marty' }, { opId: '1' })
    const outcome = writing.then(
      () => 'stored',
      (error: { readonly code: string }) => error.code,
    )
    await server.stop()
    expect(['stored', 'table/unreachable']).toContain(await outcome)
    await server.start()
    await client.replace('marty', { name: 'newer' }, { opId: '2' })
    expect(await client.get(['marty'])).toMatchObject([['marty', { name: 'newer' }]])
    await database.close()
  })

  test('[DM4] connections are apart: each has its own database, and none can use the session of another', async () => {
    const one = await connect()
    const other = await connect()
    await other.use({ namespace: 'test', database: 'other' })
    await one.query('CREATE client:marty')
    await other.query(tables)
    expect(await other.query('SELECT VALUE id FROM client')).toEqual([[]])
    const session = await one.newSession()
    await session.use({ namespace: 'test', database: 'test' })
    expect(await session.query('SELECT VALUE record::id(id) FROM client')).toEqual([['marty']])
    const [foreign] = await one.sessions()
    const ask = await openRaw(server.url)
    expect(await ask({ method: 'attach', session: foreign })).toHaveProperty('error')
    expect(await ask({ method: 'query', params: ['SELECT * FROM client'], session: foreign })).toHaveProperty(
      'error',
    )
    expect(await ask({ method: 'query', params: ['RETURN 1'] })).toMatchObject({ result: [{ result: 1 }] })
  })

  test('[DM5] live queries reach the connection that asked, and end with it', async () => {
    const [watcher, writer] = [await connect(), await connect()]
    const [id] = await watcher.query('LIVE SELECT * FROM client').collect<[never]>()
    const live = await watcher.liveOf(id)
    const changes = live[Symbol.asyncIterator]()
    await writer.query(
      "CREATE client:marty SET name = 'Marty', balance = 150.25dec, at = d'2026-01-01T00:00:00.123456789Z'",
    )
    const change = await changes.next()
    expect(change.value).toMatchObject({ action: 'CREATE' })
    expect(String(change.value?.value.balance)).toBe('150.25')
    expect(change.value?.value.at.toISOString()).toBe('2026-01-01T00:00:00.123456789Z')
    await watcher.close()
    await writer.query('DELETE client:marty')
  })

  test('[DM6] other hosts, other origins, other paths and other protocols are turned away', async () => {
    const { port } = new URL(server.url)
    const answer = async (path: string, protocol: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocketClient(`ws://127.0.0.1:${port}${path}`, protocol, { headers })
        socket.on('open', () => {
          socket.terminate()
          resolve(101)
        })
        socket.on('unexpected-response', (request, response) => {
          request.destroy()
          resolve(response.statusCode ?? 0)
        })
        socket.on('error', () => {})
      })
    const own = { host: `127.0.0.1:${port}` }
    expect(await answer('/rpc', 'cbor', own)).toBe(101)
    expect(await answer('/rpc', 'cbor', { ...own, origin: 'http://localhost:5173' })).toBe(101)
    expect(await answer('/rpc', 'cbor', { ...own, origin: 'https://evil.example' })).toBe(403)
    expect(await answer('/rpc', 'cbor', { ...own, origin: 'http://localhost.evil.example' })).toBe(403)
    expect(await answer('/rpc', 'cbor', { ...own, origin: 'null' })).toBe(403)
    expect(await answer('/rpc', 'cbor', { host: `rebound.example:${port}` })).toBe(403)
    expect(await answer('/other', 'cbor', own)).toBe(404)
    expect(await answer('/rpc', 'json', own)).toBe(400)
  })

  test('[DM7] a frame that is no request ends its connection and no other', async () => {
    const client = await connect()
    const socket = new WebSocketClient(server.url, 'cbor')
    const ended = new Promise((resolve) => socket.on('close', resolve))
    socket.on('open', () => socket.send(new Uint8Array([0xff, 0x00])))
    await ended
    expect(await client.query('RETURN 1')).toEqual([1])
  })

  test('[DM8] a port in use is said in one sentence', async () => {
    const port = Number(new URL(server.url).port)
    await expect(startSurrealServer({ port })).rejects.toMatchObject({
      code: 'demo/port-in-use',
      kind: 'usage',
    })
  })
})

/** A connection without the SDK: sends a request, resolves with the reply. */
async function openRaw(url: string): Promise<(request: object) => Promise<unknown>> {
  const codec = new CborCodec({})
  const socket = new WebSocketClient(url, 'cbor')
  await new Promise((resolve) => socket.once('open', resolve))
  let requests = 0
  return (request) =>
    new Promise((resolve) => {
      socket.once('message', (data: Buffer) => resolve(codec.decode(data)))
      socket.send(codec.encode({ id: String(requests++), ...request }))
    })
}
