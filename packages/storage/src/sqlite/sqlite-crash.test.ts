import type { Store } from '@freshet/core'
import { spawn } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { scanAll } from '../testing/store-disk.ts'
import { commitStep, crashTables, indexedTables } from './testing/crash-steps.ts'
import { openSqliteStore } from './open-sqlite-store.ts'
import { testDirectory } from './testing/test-directory.ts'

const childScript = fileURLToPath(new URL('testing/crash-child.ts', import.meta.url))
const timeout = 120_000

test(
  '[T1] a process killed before any statement of a commit leaves the state before or after it',
  { timeout },
  async () => {
    using directory = testDirectory()
    const [before, after] = [await stateAfter(directory.path, [1]), await stateAfter(directory.path, [1, 2])]
    const seen = await killEverywhere(directory.path, 'commit', crashTables)
    for (const state of seen) expect([before, after]).toContainEqual(state)
    expect(seen[0]).toEqual(before)
    expect(seen.at(-1)).toEqual(after)
  },
)

test(
  '[T10] a process killed before any statement of an append leaves all of it or nothing',
  { timeout },
  async () => {
    using directory = testDirectory()
    const before = await stateAfter(directory.path, [1])
    const seen = await killEverywhere(directory.path, 'append', crashTables)
    for (const { seq, tables } of seen) {
      const operations = tables['operations'] ?? []
      expect(seq).toBe(before.seq + operations.length - 1)
      expect(tables).toEqual({ ...before.tables, operations })
    }
    expect(seen.at(-1)?.tables['operations']).toHaveLength(2)
  },
)

test(
  '[T8] a process killed before any statement of an index rebuild leaves the records whole',
  { timeout },
  async () => {
    using directory = testDirectory()
    const before = await stateAfter(directory.path, [1])
    const seen = await killEverywhere(directory.path, 'rebuild', indexedTables)
    for (const state of seen) expect(state).toEqual(before)
  },
)

test(
  '[T1] a process killed at any moment leaves rows and checkpoint of one commit',
  { timeout },
  async () => {
    using directory = testDirectory()
    for (const lines of [1, 2, 5, 17, 60, 200]) {
      const path = directory.path(`killed-${lines}.db`)
      await runUntil(path, lines)
      const state = await readState(path, crashTables)
      const round = state.rounds[0] ?? 0
      expect(round).toBeGreaterThanOrEqual(lines)
      expect(new Set(state.rounds)).toEqual(new Set([round]))
      expect(state.seq).toBe(round)
    }
  },
)

test('[T10] processes that append at once lose nothing and share one order', { timeout }, async () => {
  using directory = testDirectory()
  const path = directory.path('shared.db')
  await makeStore(path, [])
  const finished = await Promise.all([1, 2, 3].map(() => runChild(path, 'appends', 0)))
  expect(finished).toEqual([true, true, true])
  const store = await openSqliteStore({ path, tables: crashTables })
  const records = await store.range('operations', {})
  expect((await store.info()).seq).toBe(300)
  await store.close()
  const counts = new Map<unknown, number>()
  for (const { value } of records) {
    const next = counts.get(value['process']) ?? 0
    expect(value['at']).toBe(next)
    counts.set(value['process'], next + 1)
  }
  expect([...counts.values()]).toEqual([100, 100, 100])
})

type State = {
  readonly seq: number
  readonly tables: { readonly [table: string]: unknown[] }
  readonly changes: unknown
  readonly rounds: readonly unknown[]
}

/** Kills a child before its first statement, its second and so on, until it gets through; the state after each. */
async function killEverywhere(
  path: (name: string) => string,
  work: string,
  tables: typeof crashTables,
): Promise<State[]> {
  const states: State[] = []
  await makeStore(path('start.db'), [1])
  for (let dieAt = 1; ; dieAt++) {
    const file = path(`${work}-${dieAt}.db`)
    copyFileSync(path('start.db'), file)
    const finished = await runChild(file, work, dieAt)
    states.push(await readState(file, tables))
    if (finished) return states
  }
}

/** @returns whether the child came to its end. */
async function runChild(path: string, work: string, dieAt: number): Promise<boolean> {
  const child = startChild(path, work, dieAt)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await ended(child)
  return output.includes('done')
}

/** Runs the endless child and kills it from outside once it has told of enough commits. */
async function runUntil(path: string, lines: number): Promise<void> {
  const child = startChild(path, 'endless', 0)
  const exit = ended(child)
  let seen = 0
  for await (const _ of createInterface({ input: child.stdout })) {
    seen += 1
    if (seen === lines) child.kill('SIGKILL')
  }
  await exit
}

function startChild(path: string, work: string, dieAt: number) {
  const args = ['--conditions=source', '--no-warnings', childScript, path, work, String(dieAt)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function ended(child: ReturnType<typeof startChild>): Promise<void> {
  const signal = await new Promise((resolve) => child.on('close', (_, killedBy) => resolve(killedBy)))
  // Anything else is an error in the childScript, not a crash.
  expect(signal).toBe('SIGKILL')
}

async function makeStore(path: string, rounds: readonly number[]): Promise<void> {
  const store = await openSqliteStore({ path, tables: crashTables })
  const term = await store.takeTerm()
  for (const round of rounds) await store.commit(commitStep(round), term)
  await store.close()
}

async function stateAfter(path: (name: string) => string, rounds: readonly number[]): Promise<State> {
  const file = path(`rounds-${rounds.length}.db`)
  await makeStore(file, rounds)
  return readState(file, crashTables)
}

/** All that can be read; opening is what recovers. */
async function readState(path: string, tables: typeof crashTables): Promise<State> {
  const store = await openSqliteStore({ path, tables })
  try {
    const found: { [table: string]: unknown[] } = {}
    for (const { name } of tables) found[name] = await scanAll(store, name)
    const rounds = await roundsIn(store, tables)
    return { seq: (await store.info()).seq, tables: found, changes: await store.changesSince(1), rounds }
  } finally {
    await store.close()
  }
}

/** The rounds of all records, through the index where there is one. */
async function roundsIn(store: Store, tables: typeof crashTables): Promise<unknown[]> {
  const rounds: unknown[] = []
  for (const { name, indexes } of tables) {
    const records = await store.range(name, { index: indexes?.[0]?.name })
    rounds.push(...records.map(({ value }) => value['round']))
  }
  return rounds
}
