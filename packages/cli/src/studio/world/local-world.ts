import { createListeners, delay, randomBelow, systemClock, type Clock, type Random } from '@freshet/core'
import { noServerFaults, startDemoWorld } from '@freshet/torii/testing'
import { createBoardGame, type Cell } from './board-game.ts'
import type { MoveRequest, WorldInfo, WorldState } from './world-info.ts'

export type LocalWorldOptions = {
  readonly random: Random
  readonly clock?: Clock | undefined
  /** How many pieces there are. Default 600. */
  readonly pieces?: number | undefined
  /** Between two turns of those that roam. Default 100. */
  readonly roamEveryMs?: number | undefined
  /** How long a move takes to be in the world. Default 800. */
  readonly moveTakesMs?: number | undefined
  /** Torii's answers and each of its messages take so long at most, so that progress can be seen. Default 20. */
  readonly latencyMs?: number | undefined
}

/** A world on a test server of Torii, with pieces that roam and some that people move. */
export type LocalWorld = {
  readonly info: WorldInfo
  state(): WorldState
  subscribe(listener: () => void): () => void
  /** The game's action. Resolves when it is in the world, or with why it was refused. */
  move(request: MoveRequest): Promise<string | undefined>
  /** Resets every stream of the world's Torii; it goes on answering. */
  killStreams(): void
  setReachable(isReachable: boolean): void
  /** The indexer forgets everything and reads the chain again. */
  reindex(): void
  setRoaming(isRoaming: boolean): void
  refuseNext(): void
  /** Where the pieces stand in truth, by number. */
  cells(): ReadonlyMap<number, Cell>
  close(): Promise<void>
}

const board = { width: 64, height: 40 } as const
const yours = 6
/** How many of those that roam take a step in a turn. */
const stepsPerTurn = 3

export async function startLocalWorld(options: LocalWorldOptions): Promise<LocalWorld> {
  const { random, clock = systemClock, pieces = 600, moveTakesMs = 800, latencyMs = 20 } = options
  const demo = await startDemoWorld({ players: pieces })
  const { server } = demo
  const game = createBoardGame(board.width, board.height, random)
  const entities = new Map<number, string>()
  for (const [entityId, { player }] of server.world.rows('ns-Position'))
    entities.set(Number(player), entityId)
  const show = (piece: number, cell: Cell): void => {
    const entityId = entities.get(piece)
    if (entityId !== undefined) server.world.writeMember('ns-Position', entityId, 'vec', cell)
  }
  for (const piece of entities.keys()) show(piece, game.scatter(piece))
  server.setFaults({ ...noServerFaults, maxLatencyMs: latencyMs })

  const listeners = createListeners<void>(() => undefined)
  const ending = new AbortController()
  let state: WorldState = { reachable: true, roaming: false, refusesNext: false, kills: 0 }
  const set = (changes: Partial<WorldState>): void => {
    state = { ...state, ...changes }
    listeners.emit()
  }
  const roamer = createRoamer(options, () => {
    for (let step = 0; step < stepsPerTurn; step++) {
      const piece = yours + 1 + randomBelow(random, Math.max(1, pieces - yours))
      const cell = game.roam(piece)
      if (cell) show(piece, cell)
    }
  })
  const spendMove = (piece: number): void => {
    const entityId = entities.get(piece) ?? ''
    const remaining = server.world.rows('ns-Moves').get(entityId)?.['remaining']
    if (typeof remaining === 'bigint')
      server.world.writeMember('ns-Moves', entityId, 'remaining', remaining - 1n)
  }
  return {
    info: {
      ...{ kind: 'local', toriiUrl: demo.url, manifest: demo.manifest },
      ...{ ...board, pieces, yours: Math.min(yours, pieces) },
    },
    state: () => state,
    subscribe: (listener) => listeners.add(listener),
    async move(request) {
      const { piece, x, y } = request
      const isRefused = state.refusesNext
      if (isRefused) set({ refusesNext: false })
      await delay(clock, moveTakesMs, ending.signal)
      if (ending.signal.aborted) return 'The game is over.'
      if (isRefused) return 'The game was told to refuse this move.'
      if (piece > yours) return `Piece ${piece} is not yours.`
      const refusal = game.move(request)
      if (refusal !== undefined) return refusal
      show(piece, { x, y })
      spendMove(piece)
      return undefined
    },
    killStreams() {
      server.cut('reset')
      set({ kills: state.kills + 1 })
    },
    setReachable(reachable) {
      server.setOutage(!reachable)
      set({ reachable })
    },
    reindex: () => server.world.reindex(),
    setRoaming(roaming) {
      roamer.set(roaming)
      set({ roaming })
    },
    refuseNext: () => set({ refusesNext: true }),
    cells: () =>
      new Map(
        [...entities.keys()].flatMap((piece) => {
          const cell = game.cellOf(piece)
          return cell ? [[piece, cell] as const] : []
        }),
      ),
    async close() {
      roamer.set(false)
      ending.abort()
      await demo.close()
    },
  }
}

/** Takes a turn now and then while it is on. */
function createRoamer(
  { clock = systemClock, roamEveryMs = 100 }: LocalWorldOptions,
  takeTurn: () => void,
): { set(isOn: boolean): void } {
  let cancel: (() => void) | undefined
  const wait = (): void => {
    cancel = clock.schedule(() => {
      takeTurn()
      wait()
    }, roamEveryMs)
  }
  return {
    set(isOn) {
      cancel?.()
      cancel = undefined
      if (isOn) wait()
    },
  }
}
