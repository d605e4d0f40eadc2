import type { Readable } from '../data/readable.ts'
import type { Piece } from './piece.ts'

/** The pieces up to a number, in its order: word only of changes among these. */
export function yourPieces(pieces: Readable<readonly Piece[]>, yours: number): Readable<readonly Piece[]> {
  let last: readonly Piece[] = []
  return {
    get() {
      const now = pieces
        .get()
        .filter(({ piece }) => piece <= yours)
        .toSorted((a, b) => a.piece - b.piece)
      const isSame = now.length === last.length && now.every((piece, at) => piece === last[at])
      if (!isSame) last = now
      return last
    },
    subscribe: pieces.subscribe,
  }
}
