import type { WorldInfo } from '@freshet/cli/studio'
import { createReactiveClient, type ReactiveClient, type ReactiveError, type SyncTick } from '@freshet/torii'
import type { Readable } from '../data/readable.ts'
import { askMove } from './ask-move.ts'
import type { Cell } from './board-cell.ts'
import { withMove, withOutcome, withReason, type MoveNote } from './move-notes.ts'
import { createPieceReader, type Game, type Piece } from './piece.ts'

/** The world as this page knows it, besides where the pieces stand. */
export type WorldView = {
  readonly tick: SyncTick | undefined
  /** How many rows of each model are here. */
  readonly rows: { readonly [model: string]: number }
  /** Moves left to each piece that is yours, by entity. */
  readonly remaining: ReadonlyMap<string, bigint>
  /** The newest first. */
  readonly moves: readonly MoveNote[]
  /** What the host should know or decide, until it is dismissed. */
  readonly errors: readonly ReactiveError[]
  /** Why there is no world at all. */
  readonly trouble: string | undefined
}

export type WorldLink = Readable<WorldView> & {
  /** Changes some thirty times a second at most. Read while the link is listened to. */
  readonly pieces: Readable<readonly Piece[]>
  /** Shows a move at once, and asks the game for it. `to` is told where the piece is shown by now. */
  move(piece: Piece, to: (from: Cell) => Cell | undefined): void
  /** Takes back a move that is pending. */
  undo(transactionId: string): void
  /** Goes on after synchronising has stopped. */
  resume(): void
  /** Drops what is stored, and reads the world again. */
  reset(): void
  dismiss(error: ReactiveError): void
}

const models = ['ns-Position', 'ns-Moves'] as const
/** Small, so that progress can be seen. */
const pageSize = 50
const frameMs = 33
const moveTimeoutMs = 20_000

const emptyView: WorldView = {
  ...{ tick: undefined, rows: {}, remaining: new Map() },
  ...{ moves: [], errors: [], trouble: undefined },
}
const noPieces: readonly Piece[] = []

/** Keeps a world live in a worker with its copy in IndexedDB, while somebody listens. */
export function createWorldLink({ toriiUrl, manifest, yours }: WorldInfo): WorldLink {
  const listeners = new Set<() => void>()
  const pieceListeners = new Set<() => void>()
  let view = emptyView
  let pieces = noPieces
  let client: ReactiveClient<Game> | undefined
  let ending = new AbortController()
  const set = (changes: Partial<WorldView>): void => {
    view = { ...view, ...changes }
    for (const listener of listeners) listener()
  }
  const count = (model: string, rows: number): void => {
    if (view.rows[model] !== rows) set({ rows: { ...view.rows, [model]: rows } })
  }
  const start = async (signal: AbortSignal): Promise<void> => {
    const world = await createReactiveClient<Game>({
      ...{ toriiUrl, manifest, models, pageSize },
      worker: {
        start: () =>
          new Worker(new URL('@freshet/torii/sync.browser.worker', import.meta.url), { type: 'module' }),
        database: 'freshet-world',
      },
      overlayOptions: { timeoutMs: moveTimeoutMs },
    })
    signal.addEventListener('abort', () => void world.shutdown())
    if (signal.aborted) return world.shutdown()
    client = world
    follow(world)
  }
  const follow = (world: ReactiveClient<Game>): void => {
    const read = createPieceReader(Date.now)
    world.subscribe(
      'ns-Position',
      null,
      (rows, ids) => {
        pieces = read(rows, ids)
        count('ns-Position', rows.length)
        for (const listener of pieceListeners) listener()
      },
      { throttleMs: frameMs },
    )
    world.subscribe(
      'ns-Moves',
      null,
      (rows, ids) => {
        count('ns-Moves', rows.length)
        set({ remaining: remainingOf(rows, ids, yours) })
      },
      { throttleMs: 10 * frameMs },
    )
    world.syncStatus.subscribe((tick) => set({ tick }))
    world.errors.subscribe((error) => {
      // A move that was undone says so itself.
      if (error.name !== 'OverlayTimeoutError') set({ errors: [...view.errors, error] })
    })
  }
  return {
    get: () => view,
    subscribe(listener) {
      listeners.add(listener)
      if (listeners.size === 1) {
        ending = new AbortController()
        start(ending.signal).catch((error: unknown) => set({ trouble: messageOf(error) }))
      }
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        client = undefined
        ending.abort()
      }
    },
    pieces: {
      get: () => pieces,
      subscribe(listener) {
        pieceListeners.add(listener)
        return () => pieceListeners.delete(listener)
      },
    },
    move({ entityId, piece }, towards) {
      const world = client
      const from = world?.get('ns-Position', entityId)?.vec
      const to = from && towards(from)
      if (world === undefined || from === undefined || to === undefined) return
      const { transactionId, settled, sent } = makeMove(world, { entityId, piece }, to)
      set({ moves: withMove(view.moves, { transactionId, piece, from, to, sinceUnixMs: Date.now() }) })
      void settled.then((outcome) =>
        set({ moves: withOutcome(view.moves, transactionId, outcome, Date.now()) }),
      )
      sent.catch((error: unknown) => {
        set({ moves: withReason(view.moves, transactionId, messageOf(error)) })
      })
    },
    undo: (transactionId) => void client?.rollbackOverlay(transactionId),
    resume: () => client?.resume(),
    reset: () => void client?.reset().catch(() => undefined),
    dismiss: (error) => set({ errors: view.errors.filter((other) => other !== error) }),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function makeMove(
  client: ReactiveClient<Game>,
  { entityId, piece }: Pick<Piece, 'entityId' | 'piece'>,
  to: Cell,
) {
  const isAt = ({ x, y }: Cell): boolean => x === to.x && y === to.y
  const confirmed = client.query('ns-Position', {
    filter: { hashedKeys: [entityId] },
    consistency: 'persisted-only',
  }).rows[0]
  // Back to where the world has it: its row says nothing of this move before the game has answered.
  const isBack = confirmed !== undefined && isAt(confirmed.vec)
  if (isBack)
    for (const { transactionId } of client.getOverlayFor(entityId)) client.rollbackOverlay(transactionId)
  let isTaken = false
  return client.mutate(
    'ns-Position',
    { entityId, vec: to },
    {
      guard: ({ vec }) => (isTaken || !isBack) && isAt(vec),
      async send() {
        await askMove({ piece, ...to })
        isTaken = true
      },
    },
  )
}

function remainingOf(
  rows: readonly Game['ns']['Moves'][],
  ids: readonly string[],
  yours: number,
): ReadonlyMap<string, bigint> {
  return new Map(
    rows.flatMap(({ player, remaining }, at) => {
      const id = ids[at]
      return id !== undefined && Number(player) <= yours ? [[id, remaining] as const] : []
    }),
  )
}
