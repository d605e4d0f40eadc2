/** Gathers what comes until the next frame: a block may change thousands. */
export type Gathering<T> = {
  add(one: T): void
  /** Lets go of what was gathered. */
  forget(): void
}

/** Gives what was added together, once for each frame. */
export function createGathering<T>(give: (all: readonly T[]) => void): Gathering<T> {
  let gathered: T[] = []
  let frame: number | undefined
  return {
    add(one) {
      gathered.push(one)
      frame ??= requestAnimationFrame(() => {
        frame = undefined
        const all = gathered
        gathered = []
        give(all)
      })
    },
    forget() {
      if (frame !== undefined) cancelAnimationFrame(frame)
      frame = undefined
      gathered = []
    },
  }
}
