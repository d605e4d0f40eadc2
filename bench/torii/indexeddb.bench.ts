import { chromium } from 'playwright'
import { chromiumArgs, chromiumPath, whyNoChromium } from '../../repo/chromium.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { median } from '../measure.ts'
import { demoTag } from './filled-world.ts'
import { bundleOfficialClient, officialFolder } from './official-clients.ts'
import { serveSite } from './serve-site.ts'
import { serveWorld } from './serve-world.ts'

const entities = 100_000

/** A page of the official client: what ours asks for, too. */
const pageRows = 1_000

const rounds = 3

/**
 * A world of 100,000 entities to IndexedDB in Chromium, through the worker: against paging with
 * `@dojoengine/grpc` and writing the same rows by hand. Nothing where either is not installed.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const official = officialFolder()
  if (official === undefined || whyNoChromium() !== undefined) return []
  const world = await serveWorld(entities)
  const site = await serveSite({ '/grpc.js': await bundleOfficialClient(official) })
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumArgs] })
  const game = { toriiUrl: world.url, manifest: world.manifest }
  const asked = { toriiUrl: world.url, worldAddress: world.manifest.world.address, tag: demoTag, pageRows }
  const ours: number[] = []
  const theirs: number[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      // Of its own, so that each begins with an empty disk and nothing in memory.
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(site.url)
      ours.push(await page.evaluate((given) => window.durable(given, 'ours'), game))
      await page.goto(site.url)
      theirs.push(await page.evaluate((given) => window.official(given, 'theirs'), asked))
      await context.close()
    }
  } finally {
    await browser.close()
    await site.close()
    await world.close()
  }
  return [
    benchRow({
      name: 'bootstrap of 100,000 entities to IndexedDB, times as fast as @dojoengine/grpc and puts by hand',
      measured: median(theirs) / median(ours),
      bound: 2,
      better: 'higher',
      note: `${median(ours).toFixed(0)} ms here, ${median(theirs).toFixed(0)} ms there, in Chromium`,
    }),
  ]
}
