import { hillValleyScope, hillValleyTables, seedHillValley } from '../demo/hill-valley.ts'
import { startSurrealServer, type SurrealServer, type SurrealServerOptions } from '../demo/surreal-server.ts'
import { createDemoControl, type DemoControl } from './demo-control.ts'
import { startLocalMarket, type LocalMarket, type LocalMarketOptions } from './market/local-market.ts'
import type { StudioConfig } from './studio-config.ts'
import { openStudioServer } from './studio-server.ts'
import { startLocalWorld, type LocalWorld, type LocalWorldOptions } from './world/local-world.ts'

export type StudioDemoOptions = {
  /** The folder of the built app. */
  readonly app: string
  /** See `openStudioServer`. */
  readonly port?: number | undefined
  /** Where the database listens. Default any free port. */
  readonly database?: SurrealServerOptions | undefined
  /** A local chain with an order book. Default none. */
  readonly market?: LocalMarketOptions | undefined
  /** A world on a test server of Torii. Default none. */
  readonly world?: LocalWorldOptions | undefined
}

export type StudioDemo = {
  readonly url: string
  readonly database: SurrealServer
  readonly control: DemoControl
  readonly world: LocalWorld | undefined
  close(): Promise<void>
}

/** Starts a SurrealDB with the bakery of Hill Valley in it, what else is asked for, and Studio on top. */
export async function openStudioDemo(options: StudioDemoOptions): Promise<StudioDemo> {
  const database = await startSurrealServer(options.database)
  await seedHillValley(database)
  const { market, book } = await openMarket(options.market)
  const world = options.world && (await startLocalWorld(options.world))
  const closeParts = async (): Promise<void> => {
    await world?.close()
    await market?.close()
    await database.close()
  }
  const control = createDemoControl(database, { market, world })
  const { client, product, order, bakery } = hillValleyTables
  const config = {
    title: 'Hill Valley Bakery',
    cacheName: 'freshet-demo',
    remote: { url: database.url, ...hillValleyScope },
    tables: { client, product, order, bakery },
    demo: true,
    book,
    world: world?.info,
  }
  const server = await openStudioServer({
    app: options.app,
    port: options.port,
    config,
    demo: control,
    market,
    world,
  }).catch(async (error: unknown) => {
    await closeParts()
    throw error
  })
  return {
    url: server.url,
    database,
    control,
    world,
    async close() {
      control.close()
      await server.close()
      await closeParts()
    },
  }
}

/** A chain that does not start leaves the rest of the demo as it is, and says why. */
async function openMarket(
  options: LocalMarketOptions | undefined,
): Promise<{ readonly market?: LocalMarket | undefined; readonly book: StudioConfig['book'] }> {
  if (options === undefined) return { book: undefined }
  try {
    const market = await startLocalMarket(options)
    return { market, book: market.info }
  } catch (error) {
    return { book: { kind: 'none', why: error instanceof Error ? error.message : String(error) } }
  }
}
