import type { BookReplica } from '@freshet/cli/studio'
import { gapText, type ReplayMoment } from '@freshet/raindex/client'
import type { Address, Bytes32 } from '@freshet/raindex/engine'
import { display } from '@freshet/raindex/float'
import { useEffect, useRef, useState } from 'react'
import { askBook, type PairRow } from './book-answers.ts'
import { shortAmount } from './book-words.ts'
import { createWhatIf, mostSecondsLater, type WhatIf } from './what-if.ts'

export type WhatIfPanelProps = { readonly row: PairRow; readonly counterparty: string }

/** What the pair would be quoted later, or with more or less in its vault, computed in a worker of the page. */
export function WhatIfPanel({ row, counterparty }: WhatIfPanelProps) {
  const [opened, setOpened] = useState<{ readonly whatIf: WhatIf; readonly block: number }>()
  const [trouble, setTrouble] = useState<string>()
  const [afterSeconds, setAfterSeconds] = useState(0)
  const [vaultPercent, setVaultPercent] = useState(100)
  useEffect(() => () => opened?.whatIf.close(), [opened])
  const open = (): void => {
    askBook<BookReplica>('replica', AbortSignal.timeout(10_000)).then(
      (replica) => setOpened({ whatIf: createWhatIf(replica), block: replica.snapshot.env.blockNumber }),
      (error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)),
    )
  }
  return (
    <section className="book-what-if" aria-label="What if?">
      <button type="button" onClick={open}>
        {opened === undefined ? 'What if?' : 'Take the newest state'}
      </button>
      {trouble && <p role="alert">{trouble}</p>}
      {opened && (
        <>
          <label>
            {afterSeconds} seconds later
            <input
              type="range"
              min="0"
              max={mostSecondsLater}
              step="10"
              value={afterSeconds}
              onChange={(event) => setAfterSeconds(Number(event.target.value))}
            />
          </label>
          <label>
            {vaultPercent} % of what its vault holds
            <input
              type="range"
              min="0"
              max="200"
              step="5"
              value={vaultPercent}
              onChange={(event) => setVaultPercent(Number(event.target.value))}
            />
          </label>
          <Answer {...{ row, counterparty, afterSeconds, vaultPercent }} whatIf={opened.whatIf} />
          <p className="hint">Computed in this page from the state of block {opened.block}.</p>
        </>
      )}
    </section>
  )
}

type AnswerProps = WhatIfPanelProps & {
  readonly whatIf: WhatIf
  readonly afterSeconds: number
  readonly vaultPercent: number
}

function Answer(props: AnswerProps) {
  const outcome = useAnswer(props)?.outcome
  return (
    <output data-part="what-if">
      {outcome === undefined
        ? '…'
        : outcome.kind === 'quote'
          ? `${shortAmount(display(outcome.ioRatio))}, most ${shortAmount(display(outcome.outputMax))}`
          : gapText(outcome.reason)}
    </output>
  )
}

/** One question is asked at a time, and then the newest: while a slider moves, those in between are left out. */
function useAnswer({ whatIf, row, counterparty, afterSeconds, vaultPercent }: AnswerProps) {
  const [moment, setMoment] = useState<ReplayMoment>()
  const wanted = useRef<(() => Promise<ReplayMoment>) | undefined>(undefined)
  const isAsking = useRef(false)
  const { order, inputIOIndex, outputIOIndex } = row
  useEffect(() => {
    wanted.current = () =>
      whatIf.ask({
        // Both were checked where they came from.
        order: order as Bytes32,
        counterparty: counterparty as Address,
        ...{ inputIOIndex, outputIOIndex, afterSeconds, vaultPercent },
      })
    const ask = async (): Promise<void> => {
      isAsking.current = true
      while (wanted.current !== undefined) {
        const next = wanted.current
        wanted.current = undefined
        // One that was closed meanwhile has no answer; the next question tells.
        const found = await next().catch(() => undefined)
        if (found !== undefined) setMoment(found)
      }
      isAsking.current = false
    }
    if (!isAsking.current) void ask()
  }, [whatIf, order, counterparty, inputIOIndex, outputIOIndex, afterSeconds, vaultPercent])
  return moment
}
