import { useEffect, useReducer } from 'react'
import { playerAt, stepPlayer, type Player, type PlayerStep } from './player.ts'

/** A player that passes with the frames of the page while it plays. */
export function usePlayer(
  from: number,
  to: number,
  time: number,
): readonly [Player, (step: PlayerStep) => void] {
  const [player, step] = useReducer(stepPlayer, undefined, () => playerAt(from, to, time))
  const { isPlaying } = player
  useEffect(() => {
    if (!isPlaying) return undefined
    let last = performance.now()
    let frame = requestAnimationFrame(function pass(now) {
      step({ kind: 'pass', seconds: Math.max(0, now - last) / 1_000 })
      last = now
      frame = requestAnimationFrame(pass)
    })
    return () => cancelAnimationFrame(frame)
  }, [isPlaying])
  return [player, step]
}
