import type { ReplayMoment, ReplayWorkers } from '@freshet/raindex/client'
import type { Bytes32 } from '@freshet/raindex/engine'
import { useEffect, useRef, useState } from 'react'
import { counterparty } from './use-replay.ts'

/**
 * What stands behind the quote of a second.
 *
 * One question is asked at a time, and then the newest: while the head moves fast, seconds in between are left out.
 */
export function useMoment(
  replay: ReplayWorkers,
  order: Bytes32,
  inputIOIndex: number,
  outputIOIndex: number,
  time: number,
): ReplayMoment | undefined {
  const [moment, setMoment] = useState<ReplayMoment>()
  const wanted = useRef<(() => Promise<ReplayMoment>) | undefined>(undefined)
  const isAsking = useRef(false)
  const second = Math.floor(time)
  useEffect(() => {
    const subject = { order, counterparty, inputIOIndex, outputIOIndex }
    wanted.current = () => replay.inspect(subject, second)
    const ask = async (): Promise<void> => {
      isAsking.current = true
      while (wanted.current !== undefined) {
        const next = wanted.current
        wanted.current = undefined
        setMoment(await next())
      }
    }
    if (isAsking.current) return
    ask()
      // The page has gone on, and its worker with it; the next question tells.
      .catch(() => undefined)
      .finally(() => void (isAsking.current = false))
  }, [replay, order, inputIOIndex, outputIOIndex, second])
  return moment
}
