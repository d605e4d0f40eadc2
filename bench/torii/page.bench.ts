import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@freshet/core'
import { createSeededRandom } from '@freshet/core/testing'
import { createToriiClient } from '@freshet/torii'
import { createToriiServer } from '@freshet/torii/testing'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median } from '../measure.ts'
import { demoMembers, fillWorld } from './filled-world.ts'
import { officialFolder, openOfficialClient } from './official-clients.ts'
import { officialQuery } from './official-query.ts'

const tags = ['ns-A', 'ns-B', 'ns-C']
const entities = 5_000

/**
 * A page of 5,000 entities with three models each, fetched and read into values, against `@dojoengine/grpc`.
 * Where it is not installed, there is nothing to compare with and no row.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const folder = officialFolder()
  if (folder === undefined) return []
  const { url, world, close } = await servePage()
  const official = await openOfficialClient(folder, url, world)
  const ours = createToriiClient({ toriiUrl: url, gzip: false })
  const { signal } = new AbortController()
  const figures = await interleave({
    ours: () =>
      timed(
        async () => (await ours.entities({ world, models: tags, limit: entities }, signal)).entities.length,
      ),
    official: () =>
      timed(async () => (await official.getEntities(officialQuery(world, tags, entities))).items.length),
  })
  close()
  return [
    benchRow({
      name: 'page of 5,000 × 3 models, times as fast as @dojoengine/grpc',
      measured: median(figures.official) / median(figures.ours),
      bound: 1.5,
      better: 'higher',
      note: `${median(figures.ours).toFixed(0)} ms here, ${median(figures.official).toFixed(0)} ms there, one loopback each`,
    }),
  ]
}

async function timed(work: () => Promise<number>): Promise<number> {
  const start = performance.now()
  if ((await work()) !== entities) throw new Error('The page is not whole.')
  return performance.now() - start
}

/** One page, made once, so that the server costs both the same. */
async function servePage() {
  const server = createToriiServer({ clock: systemClock, random: createSeededRandom(1) })
  for (const tag of tags) server.world.declare(tag, demoMembers)
  for (const tag of tags) fillWorld(server, entities, tag)
  let page: Promise<Uint8Array> | undefined
  const made = async (url: string, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
    const headers = { 'content-type': 'application/grpc-web+proto' }
    const { signal } = new AbortController()
    const response = await server.fetch(url, { method: 'POST', headers, body, signal })
    return new Uint8Array(await response.arrayBuffer())
  }
  const http = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      page ??= made(`http://torii${request.url ?? ''}`, Uint8Array.from(Buffer.concat(chunks)))
      response.writeHead(200, { 'content-type': 'application/grpc-web+proto' })
      page.then(
        (bytes) => response.end(bytes),
        () => response.destroy(),
      )
    })
  })
  await once(http.listen(0, '127.0.0.1'), 'listening')
  // A server on a port has such an address.
  const { port } = http.address() as AddressInfo
  const close = (): void => {
    http.closeAllConnections()
    http.close()
    server.close()
  }
  return { url: `http://127.0.0.1:${port}`, world: server.world.address, close }
}
