import { systemClock, type Clock } from '@freshet/core'
import { Worker } from 'node:worker_threads'
import { answerCall } from './answer-call.ts'
import { openDatabaseCore, translating } from './database-core.ts'
import { createLocalDatabase, type DatabaseCall, type LocalDatabase } from './local-database.ts'
import { openNodeSql } from './node-sql.ts'
import { createThreadCaller, type ThreadReply } from './thread-calls.ts'

export type LocalDatabaseOptions = {
  /** The file; its folder must exist. `:memory:` keeps nothing. */
  readonly path: string
  /** Whether a thread of its own writes and reads, so that fetching goes on meanwhile. Default false. */
  readonly thread?: boolean | undefined
  readonly clock?: Clock | undefined
}

/**
 * Opens the local database, making it if there is none.
 *
 * @throws {RaindexClientError} `DatabaseForeign`: another program's file, or of another schema; it is left as it is.
 * `DatabaseCorrupt`: it is damaged. `DatabaseUnavailable`: see the message.
 */
export async function openLocalDatabase(options: LocalDatabaseOptions): Promise<LocalDatabase> {
  return options.thread === true ? openInThread(options) : openHere(options)
}

function openHere({ path, clock = systemClock }: LocalDatabaseOptions): LocalDatabase {
  const core = openCoreAt(path, () => clock.now())
  return createLocalDatabase(path, async (call) => answerCall(core, path, call))
}

/** For this thread and the database's own. */
export function openCoreAt(path: string, now: () => number) {
  return translating(path, () => {
    const connection = openNodeSql({ path })
    try {
      const openReader = path === ':memory:' ? undefined : () => openNodeSql({ path, readOnly: true })
      return openDatabaseCore(connection, { name: path, now, openReader })
    } catch (error) {
      connection.close()
      throw error
    }
  })
}

async function openInThread({ path }: LocalDatabaseOptions): Promise<LocalDatabase> {
  // From source, Node must be told where the packages' sources are; a build needs nothing.
  const fromSource = import.meta.url.endsWith('.ts')
  const script = fromSource
    ? new URL('./database-thread.ts', import.meta.url)
    : new URL('./database-thread.js', import.meta.url)
  const execArgv = fromSource ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : []
  const worker = new Worker(script, { workerData: { path }, execArgv })
  const caller = createThreadCaller((message, handedOver) => worker.postMessage(message, handedOver))
  // What the thread sends is a reply of its script.
  worker.on('message', (reply: ThreadReply) => caller.receive(reply))
  worker.on('error', (error: Error) => caller.fail(error))
  worker.on('exit', () => caller.fail(new Error(`The thread of the database ${path} has ended.`)))
  try {
    await caller.opened
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return createLocalDatabase(path, async (call: DatabaseCall) => {
    const answer = await caller.ask(call)
    if (call.kind === 'close') await worker.terminate()
    return answer
  })
}
