import { createReactiveClient, type Manifest, type ReactiveClient } from '@freshet/torii'
import './official.ts'

// The page that the benchmark opens in Chromium: its calls are made from there.

type Game = { readonly toriiUrl: string; readonly manifest: Manifest }
type Measured = { readonly ms: number; readonly longest: number; readonly rows: number }

declare global {
  interface Window {
    /** Opens the world through a worker until all of it is here; how long that took, and the longest task. */
    bootstrap(game: Game): Promise<Measured>
    /** How many entities the first client holds. Takes a while. */
    count(): number
    /** Bootstraps into a database of this name until all is on the disk; milliseconds. */
    durable(game: Game, database: string): Promise<number>
    /** Opens it again until the first rows are shown. */
    reload(game: Game): Promise<Measured>
  }
}

const tag = 'ns-Position'
const longTasks: number[] = []
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longTasks.push(duration)
}).observe({ type: 'longtask', buffered: false })

function open({ toriiUrl, manifest }: Game, database = 'bench'): Promise<ReactiveClient> {
  return createReactiveClient({
    ...{ toriiUrl, manifest },
    worker: { start: () => new Worker('/worker.js', { type: 'module' }), database },
  })
}

async function measured(work: () => Promise<number>): Promise<Measured> {
  longTasks.length = 0
  const start = performance.now()
  const rows = await work()
  const ms = performance.now() - start
  // An observer is told a task late.
  await new Promise((resolve) => setTimeout(resolve, 100))
  return { ms, rows, longest: Math.max(0, ...longTasks) }
}

window.bootstrap = async (game) => {
  const client = await open(game)
  const first = await measured(async () => {
    const shown = new Promise<void>((resolve) => {
      // As an application would: what is shown follows what comes.
      client.subscribe(tag, null, ({ length }) => length === 50 && resolve(), { limit: 50 })
    })
    await client.ready
    await shown
    return 0
  })
  window.count = () => client.query(tag).ids.length
  return first
}

window.durable = async (game, database) => {
  const start = performance.now()
  const client = await open(game, database)
  await client.ready
  // What is not on the disk yet is waited for.
  await client.shutdown()
  return performance.now() - start
}

window.reload = async (game) => {
  const start = await open(game)
  const again = await measured(
    () =>
      new Promise((resolve) => {
        start.subscribe(tag, null, ({ length }) => length === 50 && resolve(length), { limit: 50 })
      }),
  )
  await start.shutdown()
  return again
}
