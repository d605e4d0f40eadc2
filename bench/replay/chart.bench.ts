import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright'
import { build } from 'esbuild'
import { chromiumArgs, chromiumPath, installChromium, whyNoChromium } from '../../repo/chromium.ts'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median, quantile } from '../measure.ts'
import type * as Scene from './chart-scene.ts'

const points = 86_400
const markers = 500
const frames = 120

/** The replay page's chart with a day of seconds, against the stock chart with the same lines, in Chromium. */
export async function run(): Promise<readonly BenchRow[]> {
  const missing = whyNoChromium()
  if (missing !== undefined) throw new Error(missing)
  installChromium()
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumArgs] })
  try {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 800 } })
    await page.setContent('<!doctype html><body></body>')
    await page.addScriptTag({ content: await sceneCode() })
    return await measure(page)
  } finally {
    await browser.close()
  }
}

async function measure(page: Page): Promise<readonly BenchRow[]> {
  const threadTime = await mainThreadClock(page)
  const used = { bare: [] as number[], replay: [] as number[] }
  const paint = async (which: 'bare' | 'replay'): Promise<number> => {
    await page.evaluate(([...counts]) => scene.prepare(...counts), [points, markers] as const)
    const before = await threadTime()
    const wall = await page.evaluate(
      (name) => (name === 'bare' ? scene.paintBare() : scene.paintReplay()),
      which,
    )
    used[which].push((await threadTime()) - before)
    return wall
  }
  const painted = await interleave(
    { bare: () => paint('bare'), replay: () => paint('replay') },
    { rounds: 21, warmUp: 5 },
  )
  const scrubUsed = { idle: [] as number[], scrubbing: [] as number[] }
  const scrub = async (which: 'idle' | 'scrubbing'): Promise<number> => {
    const { lost, usedMs } = await scrubbed(page, which === 'scrubbing', threadTime)
    scrubUsed[which].push(usedMs / frames)
    return lost
  }
  const lost = await interleave(
    { idle: () => scrub('idle'), scrubbing: () => scrub('scrubbing') },
    { rounds: 9 },
  )
  // The better quarter: until something is on the screen, other processes have a say.
  const [bare, replay] = [quantile(painted.bare, 0.25), quantile(painted.replay, 0.25)]
  const [bareUsed, replayUsed] = [median(used.bare.slice(5)), median(used.replay.slice(5))]
  return [
    benchRow({
      name: 'replay chart, 86,400 points and 500 markers, first paint, times the bare chart',
      measured: replay / bare,
      bound: 1.5,
      better: 'lower',
      note: `${replay.toFixed(1)} ms against ${bare.toFixed(1)} ms, two frames included`,
    }),
    benchRow({
      name: 'the same, time of the main thread alone',
      measured: replayUsed / bareUsed,
      bound: 1.5,
      better: 'lower',
      note: `${replayUsed.toFixed(1)} ms against ${bareUsed.toFixed(1)} ms`,
    }),
    benchRow({
      name: 'scrubbing it, frames lost of 120 beyond those an idle page loses',
      measured: median(lost.scrubbing) - median(lost.idle),
      bound: 0,
      better: 'lower',
      note: `${median(lost.scrubbing)} scrubbing, ${median(lost.idle)} idle`,
    }),
    benchRow({
      name: 'scrubbing it, time of the main thread for each frame, ms',
      measured: median(scrubUsed.scrubbing),
      bound: 4,
      better: 'lower',
      note: `${median(scrubUsed.idle).toFixed(2)} ms idle; a frame has 16.7`,
    }),
  ]
}

/** Milliseconds of the processor that the page's main thread has used, which other processes do not add to. */
async function mainThreadClock(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN)
  }
}

/** Frames that took as long as two, and what the main thread used for all of them. */
async function scrubbed(
  page: Page,
  moves: boolean,
  threadTime: () => Promise<number>,
): Promise<{ readonly lost: number; readonly usedMs: number }> {
  await page.evaluate(([...counts]) => scene.prepareScrub(...counts), [points, markers] as const)
  const before = await threadTime()
  const gaps = await page.evaluate(([count, doesMove]) => scene.scrub(count, doesMove), [
    frames,
    moves,
  ] as const)
  const usedMs = (await threadTime()) - before
  return { lost: gaps.filter((gap) => gap > 1.5 * (1_000 / 60)).length, usedMs }
}

/** What `chart-scene.ts` exports, in the page. */
declare const scene: typeof Scene

async function sceneCode(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('chart-scene.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'scene',
    platform: 'browser',
    target: 'es2024',
    conditions: ['source'],
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
