import { hillValleyScope, hillValleyTables, seedHillValley } from '../demo/hill-valley.ts'
import { startSurrealServer, type SurrealServer, type SurrealServerOptions } from '../demo/surreal-server.ts'
import { createDemoControl, type DemoControl } from './demo-control.ts'
import { openStudioServer } from './studio-server.ts'

export type StudioDemoOptions = {
  /** The folder of the built app. */
  readonly app: string
  /** See `openStudioServer`. */
  readonly port?: number | undefined
  /** Where the database listens. Default any free port. */
  readonly database?: SurrealServerOptions | undefined
}

export type StudioDemo = {
  readonly url: string
  readonly database: SurrealServer
  readonly control: DemoControl
  close(): Promise<void>
}

/** Starts a SurrealDB with the bakery of Hill Valley in it, and Studio on top. */
export async function openStudioDemo(options: StudioDemoOptions): Promise<StudioDemo> {
  const database = await startSurrealServer(options.database)
  await seedHillValley(database)
  const control = createDemoControl(database)
  const { client, product, order, bakery } = hillValleyTables
  const config = {
    title: 'Hill Valley Bakery',
    cacheName: 'freshet-demo',
    remote: { url: database.url, ...hillValleyScope },
    tables: { client, product, order, bakery },
    demo: true,
  }
  const server = await openStudioServer({
    app: options.app,
    port: options.port,
    config,
    demo: control,
  }).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  return {
    url: server.url,
    database,
    control,
    async close() {
      control.close()
      await server.close()
      await database.close()
    },
  }
}
