/** Gathers what comes, to give it together: a block may change thousands of rows. */
export type Gathering<T> = {
  add(one: T): void
  /** Lets go of what was gathered. */
  forget(): void
}

/** Ten times a second is as often as figures are read. */
const givenEveryMs = 100

/** Gives the first of what comes at the next frame, and what comes after it together, ten times a second. */
export function createGathering<T>(give: (all: readonly T[]) => void): Gathering<T> {
  let gathered: T[] = []
  let givenAtMs = -Infinity
  let cancel: (() => void) | undefined
  const giveAll = (): void => {
    cancel = undefined
    givenAtMs = performance.now()
    const all = gathered
    gathered = []
    give(all)
  }
  const wait = (): (() => void) => {
    const restMs = givenAtMs + givenEveryMs - performance.now()
    if (restMs > 0) {
      const timer = setTimeout(giveAll, restMs)
      return () => clearTimeout(timer)
    }
    const frame = requestAnimationFrame(giveAll)
    return () => cancelAnimationFrame(frame)
  }
  return {
    add(one) {
      gathered.push(one)
      cancel ??= wait()
    },
    forget() {
      cancel?.()
      cancel = undefined
      gathered = []
    },
  }
}
