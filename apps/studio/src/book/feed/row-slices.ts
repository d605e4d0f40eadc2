import type { ListName, RowChange } from './feed-messages.ts'

/** Hands over changed rows in slices, each when the one before is taken in: a block may change thousands of them. */
export type RowSlices = {
  change(change: RowChange): void
  /** Calls when all that has changed so far is handed over. */
  afterwards(act: () => void): void
  /** The last slice is taken in. */
  taken(): void
  /** Lets go of what waits. */
  forget(): void
}

export type RowSlicesOptions = {
  give(slice: readonly RowChange[]): void
  /** Runs something behind the events that are being told, so that they come together. */
  later(act: () => void): void
}

/** Taken in within some milliseconds, also on a slow machine. */
export const rowsOfSlice = 400

export function createRowSlices({ give, later }: RowSlicesOptions): RowSlices {
  /** Of each row only the newest waits, at its first place. */
  let waiting = new Map<string, RowChange | (() => void)>()
  let isBusy = false
  let acts = 0

  const take = (): readonly RowChange[] => {
    const slice: RowChange[] = []
    for (const [key, next] of waiting) {
      if (typeof next !== 'function') slice.push(next)
      else if (slice.length > 0) break
      else next()
      waiting.delete(key)
      if (slice.length >= rowsOfSlice) break
    }
    return slice
  }
  const giveNext = (): void => {
    const slice = take()
    isBusy = slice.length > 0
    if (isBusy) give(slice)
  }
  const wait = (key: string, next: RowChange | (() => void)): void => {
    waiting.set(key, next)
    if (isBusy) return
    isBusy = true
    later(giveNext)
  }
  return {
    change: (change) => wait(keyOf(change.list, change.id), change),
    afterwards: (act) => wait(`act ${acts++}`, act),
    taken: giveNext,
    forget() {
      waiting = new Map()
    },
  }
}

function keyOf(list: ListName, id: string): string {
  return `${list} ${id}`
}
