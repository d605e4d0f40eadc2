/** Does something again and again, but no oftener than it is looked at. */
export type Pace = {
  ask(): void
  /** Lets go of what was asked for. */
  forget(): void
}

/** Ten times a second is as often as figures are read. */
const mostEveryMs = 100

/** Acts at the next frame after it was first asked to, and then for all that was asked meanwhile, ten times a second. */
export function createPace(act: () => void): Pace {
  let actedAtMs = -Infinity
  let cancel: (() => void) | undefined
  const actNow = (): void => {
    cancel = undefined
    actedAtMs = performance.now()
    act()
  }
  const wait = (): (() => void) => {
    const restMs = actedAtMs + mostEveryMs - performance.now()
    if (restMs > 0) {
      const timer = setTimeout(actNow, restMs)
      return () => clearTimeout(timer)
    }
    const frame = requestAnimationFrame(actNow)
    return () => cancelAnimationFrame(frame)
  }
  return {
    ask() {
      cancel ??= wait()
    },
    forget() {
      cancel?.()
      cancel = undefined
    },
  }
}
