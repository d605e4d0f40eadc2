import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '@freshet/storage/sqlite'
import { expect, test } from 'vitest'
import { openPeerTable } from '../testing/peer-table.ts'

const childScript = fileURLToPath(new URL('../testing/peer-child.ts', import.meta.url))

test(
  '[LT44] two processes share one store file: one leads, the other follows, writes through it, and takes over',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'freshet-peers-'))
    const remote = new DatabaseSync(join(folder, 'remote.db'))
    remote.exec(`CREATE TABLE product (id TEXT PRIMARY KEY NOT NULL, name TEXT);
      INSERT INTO product VALUES ('a', 'Alpha')`)
    const leader = startChild(folder)
    await leader.says('leader live Alpha')

    const { table, close } = await openPeerTable(folder)
    await until(table, () => table.status.get().state === 'live' && table.get('a')?.['name'] === 'Alpha')
    expect(table.status.get().role).toBe('follower')
    // What the leader is told by the remote, and what it writes itself.
    remote.exec("UPDATE product SET name = 'theirs'")
    await until(table, () => table.get('a')?.['name'] === 'theirs')
    leader.write('its')
    await until(table, () => table.get('a')?.['name'] === 'its')
    // What is written here, the leader sends.
    expect(await table.patch('a', { set: { name: 'ours' } })).toMatchObject({ kind: 'stored' })
    expect(remote.prepare('SELECT name FROM product').get()).toEqual({ name: 'ours' })
    await leader.says('leader live ours')

    leader.child.kill('SIGKILL')
    await until(table, () => table.status.get().role === 'leader' && table.status.get().state === 'live')
    expect(await table.patch('a', { set: { name: 'alone' } })).toMatchObject({ kind: 'stored' })
    const follower = startChild(folder)
    await follower.says('follower live alone')
    follower.write('handed over')
    await until(table, () => table.get('a')?.['name'] === 'handed over')
    await follower.says('wrote handed over stored')
    follower.child.kill('SIGKILL')
    await close()
    remote.close()
    rmSync(folder, { recursive: true })
  },
)

test('[LT44] a store that is opened for one process refuses the second', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-peers-'))
  const path = join(folder, 'cache.db')
  const store = await openSqliteStore({ path, tables: [], lock: 'exclusive' })
  await expect(openSqliteStore({ path, tables: [], busyTimeoutMs: 10 })).rejects.toMatchObject({
    code: 'storage/locked',
  })
  await store.close()
  rmSync(folder, { recursive: true })
})

type Child = {
  readonly child: ChildProcess
  /** Resolves when the child has said this, before or from now on. */
  says(line: string): Promise<void>
  write(name: string): void
}

function startChild(folder: string): Child {
  const args = ['--conditions=source', '--no-warnings', childScript, folder]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const said: string[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line)
    for (const look of [...waiting]) look()
  })
  return {
    child,
    says: (line) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!said.includes(line)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    write: (name) => void child.stdin.write(`${name}\n`),
  }
}

type Watched = Awaited<ReturnType<typeof openPeerTable>>['table']

async function until(table: Watched, holds: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!holds()) return
      for (const stop of stops) stop()
      resolve()
    }
    const stops = [table.status.subscribe(look), table.collection.subscribe(look)]
    look()
  })
}
