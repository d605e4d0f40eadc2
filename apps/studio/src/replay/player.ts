/** How many seconds of the replay pass in one. */
export const speeds = [1, 10, 60] as const
type Speed = (typeof speeds)[number]

/** Where a replay is. Times are seconds since 1970. */
export type Player = {
  readonly from: number
  readonly to: number
  readonly time: number
  readonly isPlaying: boolean
  readonly speed: Speed
  /** Whether what comes after `time` is kept from view. Always so while playing. */
  readonly hidesLater: boolean
}

export type PlayerStep =
  | { readonly kind: 'play' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'seek'; readonly time: number }
  /** Real time has passed. */
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'speed'; readonly speed: Speed }
  | { readonly kind: 'hide-later'; readonly hides: boolean }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }

export function playerAt(from: number, to: number, time: number): Player {
  return { from, to, time: within(from, to, time), isPlaying: false, speed: 10, hidesLater: false }
}

/** The player after a step. At the end it stops; playing from there begins anew. */
export function stepPlayer(player: Player, step: PlayerStep): Player {
  const { from, to, time, speed } = player
  switch (step.kind) {
    case 'play':
      return { ...player, time: time >= to ? from : time, isPlaying: true, hidesLater: true }
    case 'pause':
      return { ...player, isPlaying: false }
    case 'seek':
      return { ...player, time: within(from, to, step.time) }
    case 'pass': {
      if (!player.isPlaying) return player
      const next = within(from, to, time + step.seconds * speed)
      return { ...player, time: next, isPlaying: next < to }
    }
    case 'speed':
      return { ...player, speed: step.speed }
    case 'hide-later':
      return { ...player, hidesLater: step.hides || player.isPlaying }
    case 'range':
      return { ...player, from: step.from, to: step.to, time: within(step.from, step.to, time) }
  }
}

/** The time of the nearest event before or after a time; undefined when there is none. */
export function eventBeside(
  times: readonly number[],
  time: number,
  direction: 'previous' | 'next',
): number | undefined {
  return direction === 'next'
    ? times.find((event) => event > time)
    : times.findLast((event) => event < Math.floor(time))
}

function within(from: number, to: number, time: number): number {
  return Math.max(from, Math.min(to, time))
}
