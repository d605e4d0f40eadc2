import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { QueuedOperation } from '@freshet/core'
import { expect, test } from 'vitest'
import { openCrashTable } from './outbox-crash-table.ts'

const childScript = fileURLToPath(new URL('outbox-crash-child.ts', import.meta.url))

test(
  '[LT43] [W2] killed at any step from noting a save to retiring it, each acknowledged save is stored once',
  { timeout: 600_000 },
  async () => {
    let steps = 0
    for (let dieAt = 1; ; dieAt++) {
      const folder = mkdtempSync(join(tmpdir(), 'freshet-killed-'))
      try {
        prepareRemote(folder)
        const said = await runChild(folder, dieAt)
        const isOver = said.some((line) => line.startsWith('done'))
        const left = await recover(folder)
        check(folder, said, left, `killed at step ${dieAt}`)
        steps = dieAt
        if (isOver) break
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
    // Noted, sent, taken, answered, retired: of each of them at least.
    expect(steps).toBeGreaterThan(15)
  },
)

/** A remote that counts the effects: each value that a column is given is written down. */
function prepareRemote(folder: string): void {
  const database = new DatabaseSync(join(folder, 'remote.db'))
  database.exec(`
    CREATE TABLE product (id TEXT PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(8)))), name TEXT, price INTEGER);
    INSERT INTO product VALUES ('a', 'Alpha', 10);
    CREATE TABLE effect (name TEXT);
    CREATE TRIGGER updated AFTER UPDATE ON product BEGIN INSERT INTO effect VALUES (NEW.name); END;
    CREATE TRIGGER inserted AFTER INSERT ON product BEGIN INSERT INTO effect VALUES (NEW.name); END;
  `)
  database.close()
}

/** What the next run cannot settle by itself. */
async function recover(folder: string): Promise<readonly QueuedOperation[]> {
  const { table, close } = await openCrashTable(folder, {
    master: (master) => master,
    store: (store) => store,
  })
  await table.outbox.drained()
  const left = table.outbox.queued()
  await close()
  return left
}

function check(folder: string, said: readonly string[], left: readonly QueuedOperation[], at: string): void {
  const database = new DatabaseSync(join(folder, 'remote.db'))
  const effects = database
    .prepare('SELECT name FROM effect')
    .all()
    .map(({ name }) => String(name))
  const rows = database.prepare('SELECT id, name FROM product').all()
  database.close()
  expect(effects.length, `${at}: ${effects.join()}`).toBe(new Set(effects).size)
  // In their order; a save that waited may have been merged into the one before it.
  const order = ['one', 'two', 'three', 'four']
  expect(effects, at).toEqual(order.filter((name) => effects.includes(name)))
  const isStored = (id: string, name: string): boolean =>
    rows.some((row) => row['id'] === id && row['name'] === name)
  for (const line of said) {
    const [word, id = '', name = ''] = line.split(' ')
    if (word !== 'noted' && word !== 'stored') continue
    const isFollowed = id === 'a' && name === 'one' && isStored('a', 'two')
    expect(isStored(id, name) || isFollowed, `${at}: ${line}`).toBe(true)
  }
  // Of what is sent once both possibilities are told, and nothing else is left.
  for (const { operation, failure } of left)
    expect([operation.request['op'], failure?.kind], at).toEqual(['insertReturnId', 'unknown'])
}

/** What a child says until it ends, or dies. */
async function runChild(folder: string, dieAt: number): Promise<readonly string[]> {
  const args = ['--conditions=source', '--no-warnings', childScript, folder, String(dieAt)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code, signal] = await new Promise<readonly unknown[]>((resolve) =>
    child.on('close', (...end) => resolve(end)),
  )
  // Anything else is a defect of the child, not a crash.
  expect(code === 0 || signal === 'SIGKILL', `${String(code)} ${String(signal)}`).toBe(true)
  return output.split('\n').filter((line) => line !== '')
}
