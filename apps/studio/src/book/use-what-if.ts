import type { OrderReplica } from '@freshet/cli/studio'
import type { ReplayMoment } from '@freshet/raindex/client'
import { useEffect, useRef, useState } from 'react'
import { askBook } from './book-answers.ts'
import { createWhatIf, type WhatIf, type WhatIfQuestion } from './what-if.ts'

/** A copy of an order's state, ready to be asked. */
export type OpenedWhatIf = { readonly whatIf: WhatIf; readonly replica: OrderReplica }

export type WhatIfState = {
  readonly opened: OpenedWhatIf | undefined
  readonly trouble: string | undefined
  /** Takes the state as it is now. */
  open(): void
}

/** The copy ends with the component. */
export function useWhatIf(orderbook: string, order: string): WhatIfState {
  const [opened, setOpened] = useState<OpenedWhatIf>()
  const [trouble, setTrouble] = useState<string>()
  useEffect(() => () => opened?.whatIf.close(), [opened])
  const open = (): void => {
    setTrouble(undefined)
    askBook<OrderReplica>(`books/${orderbook}/replica?order=${order}`, AbortSignal.timeout(10_000)).then(
      (replica) => setOpened({ whatIf: createWhatIf(replica), replica }),
      (error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)),
    )
  }
  return { opened, trouble, open }
}

export type Answers = {
  /** To what was asked first. */
  readonly first: ReplayMoment
  /** The newest; the one before stands until then. */
  readonly last: ReplayMoment
}

/**
 * The answers to what is asked.
 *
 * One question is asked at a time, and then the newest: while a slider moves, those in between are left out.
 */
export function useAnswers(whatIf: WhatIf, question: WhatIfQuestion): Answers | undefined {
  const [answers, setAnswers] = useState<Answers>()
  const wanted = useRef<(() => Promise<ReplayMoment>) | undefined>(undefined)
  const isAsking = useRef(false)
  useEffect(() => {
    wanted.current = () => whatIf.ask(question)
    const ask = async (): Promise<void> => {
      isAsking.current = true
      while (wanted.current !== undefined) {
        const next = wanted.current
        wanted.current = undefined
        // One that was closed meanwhile has no answer; the next question tells.
        const found = await next().catch(() => undefined)
        if (found !== undefined) setAnswers((known) => ({ first: known?.first ?? found, last: found }))
      }
      isAsking.current = false
    }
    if (!isAsking.current) void ask()
  }, [whatIf, question])
  return answers
}
