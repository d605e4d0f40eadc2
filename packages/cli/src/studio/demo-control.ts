import { createListeners, type Listeners } from '@freshet/core'
import { startSomeoneElse, writeAsSomeoneElse } from '../demo/hill-valley.ts'
import type { SurrealServer } from '../demo/surreal-server.ts'
import type { LocalMarket } from './market/local-market.ts'
import type { DemoAction, DemoState } from './studio-config.ts'
import type { LocalWorld } from './world/local-world.ts'

/** The demo's switches, one set for the terminal and every window. */
export type DemoControl = {
  state(): DemoState
  subscribe(listener: (state: DemoState) => void): () => void
  /** Resolves when it is done. Doing what is done already is harmless. */
  perform(action: DemoAction): Promise<void>
  /** Ends the writing of others; the server is its owner's to close. */
  close(): void
}

/** How often someone else writes. */
const othersEveryMs = 2_000

/** What there may be besides the database. */
type DemoParts = {
  readonly market?: Pick<LocalMarket, 'state' | 'subscribe' | 'setTrading' | 'reorganize'> | undefined
  readonly world?: Omit<LocalWorld, 'info' | 'move' | 'cells' | 'close'> | undefined
}

export function createDemoControl(
  server: SurrealServer,
  { market, world }: DemoParts = {},
  onError: (error: unknown) => void = () => {},
): DemoControl {
  const listeners: Listeners<DemoState> = createListeners(onError)
  let stopOthers: (() => void) | undefined
  const state = (): DemoState => ({
    databaseRunning: server.isListening(),
    othersWrite: stopOthers !== undefined,
    ...(market === undefined ? {} : { market: market.state() }),
    ...(world === undefined ? {} : { world: world.state() }),
  })
  const stopTelling = [market, world].map((part) => part?.subscribe(() => listeners.emit(state())))
  const act = async (action: DemoAction): Promise<void> => {
    switch (action) {
      case 'start-database':
        return server.start()
      case 'stop-database':
        return server.stop()
      case 'write-now':
        return writeAsSomeoneElse(server)
      case 'start-others':
        stopOthers ??= startSomeoneElse(server, { everyMs: othersEveryMs })
        return
      case 'stop-others':
        stopOthers?.()
        stopOthers = undefined
        return
      case 'start-trades':
      case 'stop-trades':
        return market?.setTrading(action === 'start-trades')
      case 'reorganize':
        return market?.reorganize()
      case 'kill-streams':
        return world?.killStreams()
      case 'reindex':
        return world?.reindex()
      case 'start-torii':
      case 'stop-torii':
        return world?.setReachable(action === 'start-torii')
      case 'start-roaming':
      case 'stop-roaming':
        return world?.setRoaming(action === 'start-roaming')
      case 'refuse-next-move':
        return world?.refuseNext()
    }
  }

  // One after the other: two windows may ask for opposite things at once.
  let last: Promise<unknown> = Promise.resolve()
  return {
    state,
    subscribe: (listener) => listeners.add(listener),
    perform(action) {
      const done = last.then(() => act(action)).finally(() => listeners.emit(state()))
      last = done.catch(() => {})
      return done
    },
    close() {
      for (const stop of stopTelling) stop?.()
      stopOthers?.()
      stopOthers = undefined
    },
  }
}
