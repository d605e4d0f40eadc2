import { createLocalDatabase, type LocalDatabase } from './local-database.ts'
import { createThreadCaller, type ThreadReply } from './thread-calls.ts'
import type { OpenInBrowser } from './wasm-worker.ts'

export type BrowserDatabaseOptions = {
  /** The file in the origin's private file system. One tab at a time can have it open. */
  readonly name: string
  /** Starts the worker whose script is `@freshet/raindex/client/wasm/worker`, as the host's bundler wants it. */
  readonly startWorker: () => Worker
}

/**
 * Opens the local database in a browser, in a worker: SQLite's own WebAssembly build on the origin's private file
 * system, which needs no isolation headers.
 *
 * @throws {RaindexClientError} as `openLocalDatabase`; `DatabaseUnavailable` also where another tab has it open.
 */
export async function openBrowserDatabase(options: BrowserDatabaseOptions): Promise<LocalDatabase> {
  const { name, startWorker } = options
  const worker = startWorker()
  const caller = createThreadCaller((call, handedOver) => worker.postMessage(call, handedOver))
  worker.addEventListener('message', (event: MessageEvent<ThreadReply>) => caller.receive(event.data))
  worker.addEventListener('error', (event) => {
    caller.fail(new Error(`The worker of the database ${name} has failed: ${event.message}`))
  })
  const first: OpenInBrowser = { open: { name } }
  worker.postMessage(first)
  try {
    await caller.opened
  } catch (error) {
    worker.terminate()
    throw error
  }
  return createLocalDatabase(name, async (call) => {
    const answer = await caller.ask(call)
    if (call.kind === 'close') worker.terminate()
    return answer
  })
}
