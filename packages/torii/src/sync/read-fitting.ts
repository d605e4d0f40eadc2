import { FreshetError } from '@freshet/core'

/** Asks for half as much, down to one row, where the server cannot answer so much at once. */
export async function readFitting<P extends object>(
  limit: number,
  read: (rows: number) => Promise<P>,
): Promise<P & { readonly rows: number }> {
  for (let rows = limit; ; rows = Math.floor(rows / 2)) {
    try {
      return { ...(await read(rows)), rows }
    } catch (error) {
      if (rows <= 1 || !(error instanceof FreshetError) || !mayFit.has(error.code)) throw error
    }
  }
}

/** Errors that a smaller answer may not meet. Torii names every fault of its storage `internal`. */
const mayFit: ReadonlySet<string> = new Set([
  'torii/out-of-range',
  'torii/message-too-large',
  'torii/internal',
])
