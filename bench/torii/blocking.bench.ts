import { chromium } from 'playwright'
import { chromiumArgs, chromiumPath, whyNoChromium } from '../../repo/chromium.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { serveSite } from './serve-site.ts'
import { serveWorld } from './serve-world.ts'

const entities = 100_000

/**
 * A world of 100,000 entities in Chromium, through the worker into IndexedDB: how long the page's thread is
 * held up at most, and how soon a reload shows its first rows. Nothing where there is no Chromium.
 */
export async function run(): Promise<readonly BenchRow[]> {
  if (whyNoChromium() !== undefined) return []
  const world = await serveWorld(entities)
  const site = await serveSite()
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumArgs] })
  try {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(site.url)
    const game = { toriiUrl: world.url, manifest: world.manifest }
    await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
    const first = await page.evaluate((given) => window.bootstrap(given), game)
    const longestCpuMs = longestTaskMs(await browser.stopTracing())
    const rows = await page.evaluate(() => window.count())
    if (rows !== entities) throw new Error(`The page holds ${rows} entities.`)
    await page.goto(site.url)
    // Nothing answers there: what is shown comes from the disk.
    const silent = { ...game, toriiUrl: 'http://127.0.0.1:9' }
    const again = await page.evaluate((given) => window.reload(given), silent)
    return [
      benchRow({
        name: 'longest task of the page while 100,000 entities bootstrap, ms of its own time',
        measured: longestCpuMs,
        bound: 50,
        better: 'lower',
        note: `${first.longest.toFixed(0)} ms by the clock of a machine with other work; ${first.ms.toFixed(0)} ms in all`,
      }),
      benchRow({
        name: 'reload to first rendered query in Chromium, share of the bootstrap',
        measured: again.ms / first.ms,
        bound: 0.1,
        better: 'lower',
        note: `${again.ms.toFixed(0)} of ${first.ms.toFixed(0)} ms, starting the worker included`,
      }),
    ]
  } finally {
    await browser.close()
    await site.close()
    await world.close()
  }
}

type TraceEvent = {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds of the thread's own time. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** The longest task of any page's main thread, by the time its thread worked. */
function longestTaskMs(trace: Uint8Array): number {
  // What Chromium writes.
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace)) as { traceEvents: TraceEvent[] }
  const mains = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}:${tid}`),
  )
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name.endsWith('RunTask') && mains.has(`${pid}:${tid}`),
  )
  if (tasks.length === 0) throw new Error('The trace holds no task of the page.')
  return tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur / 1_000), 0)
}
