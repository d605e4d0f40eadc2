// The process that a crash test starts and that dies in the middle of its work.
// Arguments: the file, what to do, and before which statement to die.
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { commitStep, crashTables, indexedTables } from './crash-steps.ts'
import { openSqliteStore } from '../open-sqlite-store.ts'

const [path = '', work = '', dieAt = '0'] = process.argv.slice(2)
let armed = false
let statements = 0

const counting = (): void => {
  if (!armed) return
  statements += 1
  if (statements === Number(dieAt)) process.kill(process.pid, 'SIGKILL')
}

// Every way in which the store talks to SQLite; wrapped here, in a process of its own.
function countCallsOf(prototype: object, method: string): void {
  const original: unknown = Reflect.get(prototype, method)
  if (typeof original !== 'function') throw new TypeError(`${method} is gone from node:sqlite.`)
  Object.defineProperty(prototype, method, {
    value(this: unknown, ...values: unknown[]): unknown {
      counting()
      return Reflect.apply(original, this, values)
    },
  })
}
countCallsOf(DatabaseSync.prototype, 'exec')
for (const method of ['run', 'all', 'get', 'iterate']) countCallsOf(StatementSync.prototype, method)

if (work === 'rebuild') {
  armed = true
  await openSqliteStore({ path, tables: indexedTables })
} else if (work === 'endless') {
  const store = await openSqliteStore({ path, tables: crashTables })
  const term = await store.takeTerm()
  for (let round = 1; ; round++) {
    await store.commit(commitStep(round), term)
    process.stdout.write(`${round}\n`)
  }
} else if (work === 'appends') {
  const store = await openSqliteStore({ path, tables: crashTables, busyTimeoutMs: 60_000 })
  for (let at = 0; at < 100; at++) await store.append('operations', { process: process.pid, at })
} else {
  const store = await openSqliteStore({ path, tables: crashTables })
  const { term } = await store.info()
  armed = true
  if (work === 'append') await store.append('operations', { at: 'appended' })
  else await store.commit(commitStep(2), term)
}
process.stdout.write(`done ${statements}\n`)
// Not closed: ending like this is a crash after the last statement.
process.kill(process.pid, 'SIGKILL')
