import type { Manifest } from '@freshet/torii'

/** A Dojo world beside Studio: a board on which pieces stand, behind a Torii. */
export type WorldInfo = {
  readonly kind: 'local'
  readonly toriiUrl: string
  readonly manifest: Manifest
  /** In cells. */
  readonly width: number
  readonly height: number
  /** Numbered from 1. */
  readonly pieces: number
  /** The first so many are moved by people; the others roam. */
  readonly yours: number
}

/** What goes on in the world. */
export type WorldState = {
  /** Whether its Torii answers. */
  readonly reachable: boolean
  /** Whether pieces that are nobody's move. */
  readonly roaming: boolean
  /** Whether the game will refuse the next move it is asked for. */
  readonly refusesNext: boolean
  /** How often its streams were killed. */
  readonly kills: number
}

/** What became of a move: in the world, or why it was refused. */
export type MoveAnswer = { readonly refusal: string | null }

/** A move that a page asks for. */
export type MoveRequest = { readonly piece: number; readonly x: number; readonly y: number }
