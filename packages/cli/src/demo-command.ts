import { demoDatabasePort } from './demo-endpoint.ts'
import { hillValleyScope, seedHillValley, startSomeoneElse } from './demo/hill-valley.ts'
import { startSurrealServer } from './demo/surreal-server.ts'
import type { Io } from './io.ts'
import type { CallOptions } from './parse-call.ts'

/** Serves the bakery until Ctrl-C. */
export async function serveDemo({ port = demoDatabasePort }: CallOptions, io: Io): Promise<number> {
  const signal = io.interrupted()
  const server = await startSurrealServer({ port })
  try {
    await seedHillValley(server)
    const stopOthers = startSomeoneElse(server, { clock: io.clock })
    const { namespace, database } = hillValleyScope
    const custom = port === demoDatabasePort ? '' : ` --url ${server.url}`
    io.out(
      `SurrealDB with the bakery of Hill Valley: ${server.url} (namespace ${namespace}, database ${database})`,
    )
    io.out('It is in memory, and someone else changes a row every three seconds. In another terminal:')
    io.out(`  npx freshet db client list${custom}`)
    io.out(`  npx freshet db product watch${custom}`)
    io.out('Ctrl-C ends.')
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    stopOthers()
  } finally {
    await server.close()
  }
  return 0
}
