import { fileURLToPath } from 'node:url'
import { FreshetError, systemRandom } from '@freshet/core'
import { demoDatabasePort } from '../demo-endpoint.ts'
import type { DemoControl } from './demo-control.ts'
import { findLocalAnvil } from './market/find-local-anvil.ts'
import { openStudioDemo, type StudioDemo, type StudioDemoOptions } from './studio-demo.ts'
import type { DemoAction, DemoState } from './studio-config.ts'

/** Where the demo is run: what it prints to, and the keys it hears. */
export type DemoTerminal = {
  print(line: string): void
  /** Calls `listener` for each key; returns how to stop. Absent where there is no keyboard. */
  readonly onKey?: ((listener: (key: string) => void) => () => void) | undefined
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal
}

/** Runs the demo until `q` is pressed or the process is asked to end. */
export async function runStudioDemo(
  options: Partial<StudioDemoOptions>,
  terminal: DemoTerminal,
): Promise<void> {
  const world = { random: systemRandom }
  const demo = await openNear({ app: builtApp(), market: localMarket(), world, ...options })
  if (demo.world) await demo.control.perform('start-roaming')
  terminal.print('')
  terminal.print(`  Studio     ${demo.url}`)
  terminal.print(`  SurrealDB  ${demo.database.url}  (in memory, the bakery of Hill Valley)`)
  terminal.print(`  Order book ${marketText(demo.control)}`)
  if (demo.world)
    terminal.print(`  World      ${demo.world.info.toriiUrl}  (a Torii, with a board of pieces)`)
  terminal.print(`  Terminal   npx freshet db client list${urlOption(demo)}`)
  if (demo.world)
    terminal.print(`             npx freshet torii watch ${demo.world.info.toriiUrl} ns-Position`)
  terminal.print('')
  const hasKeys = terminal.onKey !== undefined
  terminal.print(hasKeys ? `  ${keyHelp}` : '  Ctrl-C quits.')
  terminal.print('')
  const stopTelling = tellChanges(demo.control, terminal)
  await quitOf(demo.control, terminal)
  stopTelling()
  terminal.print('  Closing.')
  await demo.close()
}

/** The database is where `freshet db` looks for it, unless another demo is there already. */
async function openNear(options: StudioDemoOptions): Promise<StudioDemo> {
  if (options.database !== undefined) return openStudioDemo(options)
  try {
    return await openStudioDemo({ ...options, database: { port: demoDatabasePort } })
  } catch (error) {
    if (!(error instanceof FreshetError) || error.code !== 'demo/port-in-use') throw error
    return openStudioDemo(options)
  }
}

const keyHelp =
  's stop or start the database · w someone else writes, or no more · r reorganise the chain · k kill the streams of the world · q quit'

/** What another terminal must say to find the database, where it is not in its usual place. */
function urlOption({ database }: StudioDemo): string {
  return new URL(database.url).port === String(demoDatabasePort) ? '' : ` --url ${database.url}`
}

function localMarket(): StudioDemoOptions['market'] {
  const anvil = findLocalAnvil()
  return anvil === undefined ? undefined : { anvil }
}

function marketText(control: DemoControl): string {
  return control.state().market === undefined
    ? 'none: no local chain (needs anvil)'
    : 'on a local chain, whose traders keep trading'
}

/** The folder that `npm run build:studio` fills. */
function builtApp(): string {
  return fileURLToPath(new URL('../../../../apps/studio/dist', import.meta.url))
}

async function quitOf(control: DemoControl, { print, onKey, signal }: DemoTerminal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stopListening = onKey?.((key) => {
    if (key === 'q' || key === '\u0003' || key === '\u0004') return resolve()
    const action = actionOf(key, control.state())
    if (action === undefined) return
    control.perform(action).catch((error: unknown) => print(`  ${String(error)}`))
  })
  signal.addEventListener('abort', () => resolve())
  if (signal.aborted) resolve()
  await promise
  stopListening?.()
}

function actionOf(
  key: string,
  { databaseRunning, othersWrite, market, world }: DemoState,
): DemoAction | undefined {
  if (key === 'k' && world !== undefined) return 'kill-streams'
  if (key === 'r' && market !== undefined) return 'reorganize'
  if (key === 's') return databaseRunning ? 'stop-database' : 'start-database'
  if (key === 'w') return othersWrite ? 'stop-others' : 'start-others'
  return undefined
}

/** One line for each change, whether a key or a window made it. */
function tellChanges(control: DemoControl, { print }: DemoTerminal): () => void {
  let told = control.state()
  return control.subscribe((state) => {
    if (state.databaseRunning !== told.databaseRunning) {
      print(`  The database ${state.databaseRunning ? 'runs again' : 'is stopped'}.`)
    }
    if (state.othersWrite !== told.othersWrite) {
      print(state.othersWrite ? '  Someone else writes every 2 seconds.' : '  Nobody else writes any more.')
    }
    const { reorg } = state.market ?? {}
    if (reorg && reorg.atUnixMs !== told.market?.reorg?.atUnixMs)
      print(`  The chain was reorganised: ${reorg.depth} blocks back to ${reorg.ancestorBlock}.`)
    if (state.world && state.world.reachable !== told.world?.reachable)
      print(`  The world's Torii ${state.world.reachable ? 'answers again' : 'is out of reach'}.`)
    if (state.world && state.world.kills !== told.world?.kills)
      print('  The streams of the world were killed; they are made again by themselves.')
    told = state
  })
}
