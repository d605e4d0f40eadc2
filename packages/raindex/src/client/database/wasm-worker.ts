import sqlite3InitModule from '@sqlite.org/sqlite-wasm'
import { answerCall } from './answer-call.ts'
import { openDatabaseCore, translating, type DatabaseCore } from './database-core.ts'
import { buffersOf, sentError, type ThreadCall, type ThreadReply } from './thread-calls.ts'
import { wasmSql } from './wasm-sql.ts'

/** What the page sends first. */
export type OpenInBrowser = { readonly open: { readonly name: string } }

/** Files that the pool keeps open: the database, its journal, and what SQLite needs for a while. */
const poolFiles = 6

// The script of a worker: it has the connection, and answers the calls of the page in their order.
let core: DatabaseCore | undefined
let name = ''
const reply = (message: ThreadReply, handedBack: ArrayBuffer[] = []): void =>
  globalThis.postMessage(message, { transfer: handedBack })

globalThis.addEventListener('message', (event: MessageEvent<OpenInBrowser | ThreadCall>) => {
  const { data } = event
  if ('open' in data) void open(data.open.name)
  else answer(data)
})

async function open(file: string): Promise<void> {
  try {
    const sqlite3 = await sqlite3InitModule()
    const pool = await sqlite3.installOpfsSAHPoolVfs({
      name: `freshet-${file}`,
      initialCapacity: poolFiles,
    })
    name = file
    core = translating(file, () => {
      const database = new pool.OpfsSAHPoolDb(`/${file}`)
      return openDatabaseCore(wasmSql(sqlite3, database), { name: file, now: () => Date.now() })
    })
    reply({ number: 0, kind: 'answer', answer: undefined })
  } catch (error) {
    reply({ number: 0, kind: 'error', error: sentError(error) })
  }
}

function answer({ number, call }: ThreadCall): void {
  try {
    if (core === undefined) throw new Error('The database is not open.')
    const answered = answerCall(core, name, call)
    const memory = buffersOf(call)
    reply({ number, kind: 'answer', answer: answered, memory }, memory)
  } catch (error) {
    reply({ number, kind: 'error', error: sentError(error) })
  }
}
