import type { OrderReplica } from '@freshet/cli/studio'
import { gapText, type ReplayMoment } from '@freshet/raindex/client'
import type { Address } from '@freshet/raindex/engine'
import { display, hexToFloat, mul, parse } from '@freshet/raindex/float'
import { useMemo, useState } from 'react'
import { dayTimeText } from '../replay/time-text.ts'
import type { BookNames } from './book-names.ts'
import type { PairRow } from './book-rows.ts'
import { shortAmount, shortHexes, zeroAddress } from './book-words.ts'
import { CounterpartyField } from './counterparty-field.tsx'
import { useAnswers, useWhatIf, type Answers, type OpenedWhatIf } from './use-what-if.ts'
import { amountOf, mostSecondsLater, vaultKey, type WhatIfQuestion } from './what-if.ts'

export type WhatIfPanelProps = {
  readonly orderbook: string
  readonly row: PairRow
  readonly names: BookNames
  readonly counterparty: string
  readonly counterparties: readonly string[]
}

/** What the pair would be quoted later, to somebody else, or with other balances, computed in a worker of the page. */
export function WhatIfPanel(props: WhatIfPanelProps) {
  const { opened, trouble, open } = useWhatIf(props.orderbook, props.row.order)
  const [resets, setResets] = useState(0)
  return (
    <section className="book-what-if" aria-label="What if?">
      <header>
        <h3>What if?</h3>
        {opened && (
          <button type="button" className="quiet" onClick={() => setResets(resets + 1)}>
            As it is
          </button>
        )}
        <button type="button" onClick={open}>
          {opened === undefined ? 'Try it here' : 'Newest state'}
        </button>
      </header>
      {trouble && (
        <p className="mistake" role="alert">
          {trouble}
        </p>
      )}
      {opened === undefined ? (
        <p className="hint">
          Takes a copy of the order’s state into this page, and quotes it there: later, for another
          counterparty, with other balances.
        </p>
      ) : (
        <Sliders key={`${opened.replica.env.blockNumber} ${resets}`} {...props} opened={opened} />
      )}
    </section>
  )
}

function Sliders({
  row,
  names,
  counterparty: first,
  counterparties,
  opened: { whatIf, replica },
}: WhatIfPanelProps & { readonly opened: OpenedWhatIf }) {
  const { inputIOIndex, outputIOIndex } = row
  const [afterSeconds, setAfterSeconds] = useState(0)
  const [counterparty, setCounterparty] = useState(first)
  const [balances, setBalances] = useState<ReadonlyMap<string, string>>(new Map())
  const question = useMemo((): WhatIfQuestion => {
    // An address, by what lets it through.
    const taker = counterparty as Address
    return { inputIOIndex, outputIOIndex, counterparty: taker, afterSeconds, balances }
  }, [inputIOIndex, outputIOIndex, counterparty, afterSeconds, balances])
  const answers = useAnswers(whatIf, question)
  const { env } = replica
  return (
    <>
      <label className="book-slider">
        <span>
          Time <output>+{afterSeconds} s</output>
        </span>
        <input
          type="range"
          aria-label="Seconds later"
          aria-valuetext={`${afterSeconds} seconds later`}
          min="0"
          max={mostSecondsLater}
          step="10"
          value={afterSeconds}
          onChange={(event) => setAfterSeconds(event.target.valueAsNumber)}
        />
        <span className="hint">{dayTimeText(env.timestamp + afterSeconds)} UTC</span>
      </label>
      <CounterpartyField
        value={first === zeroAddress ? undefined : first}
        choices={counterparties}
        onChange={(address) => setCounterparty(address ?? zeroAddress)}
      />
      {vaultsOf(replica, row).map(({ side, key, token, vaultId, balance }) => (
        <BalanceSlider
          key={key}
          label={`${side} ${names.token(token)}, ${names.vault(vaultId)}`}
          present={balance}
          wanted={balances.get(key)}
          onWant={(amount) => setBalances(new Map(balances).set(key, amount))}
        />
      ))}
      <Outcome answers={answers} />
      <p className="hint">
        From the state of block {env.blockNumber.toLocaleString('en')}, in this page alone.
      </p>
    </>
  )
}

type BalanceSliderProps = {
  readonly label: string
  /** What the vault holds. */
  readonly present: string
  /** What it shall hold; undefined: what it holds. */
  readonly wanted: string | undefined
  onWant(amount: string): void
}

/** An amount as text, or as a share of what is there. */
function BalanceSlider({ label, present, wanted, onWant }: BalanceSliderProps) {
  const [typed, setTyped] = useState<string>()
  const [percent, setPercent] = useState(100)
  const shown = typed ?? wanted ?? present
  const isEmpty = present === '0'
  return (
    <div className="book-slider">
      <label>
        <span>{label}</span>
        <input
          className="field book-amount"
          inputMode="decimal"
          spellCheck={false}
          aria-label={`${label}: balance`}
          aria-invalid={amountOf(shown) === undefined}
          value={shown}
          onChange={({ target: { value } }) => {
            setTyped(value)
            if (amountOf(value) !== undefined) onWant(value)
          }}
        />
      </label>
      <input
        type="range"
        aria-label={`${label}: share of its balance`}
        aria-valuetext={`${percent} % of its balance`}
        disabled={isEmpty}
        title={isEmpty ? 'The vault is empty: type a balance.' : undefined}
        min="0"
        max="200"
        step="5"
        value={percent}
        onChange={({ target: { valueAsNumber } }) => {
          setPercent(valueAsNumber)
          setTyped(undefined)
          onWant(display(mul(parse(present), parse(String(valueAsNumber / 100)))))
        }}
      />
    </div>
  )
}

function Outcome({ answers }: { readonly answers: Answers | undefined }) {
  const [last, first] = [answers?.last.outcome, answers?.first.outcome]
  return (
    <div className="book-outcome" aria-live="polite">
      <output data-part="what-if" data-kind={last?.kind}>
        {last === undefined ? '…' : outcomeText(last)}
      </output>
      <span className="hint">{first === undefined ? '' : `as it is: ${outcomeText(first)}`}</span>
    </div>
  )
}

function outcomeText(outcome: ReplayMoment['outcome']): string {
  return outcome.kind === 'quote'
    ? `${shortAmount(display(outcome.ioRatio))}, most ${shortAmount(display(outcome.outputMax))}`
    : shortHexes(gapText(outcome.reason))
}

type PairVault = {
  readonly side: string
  readonly key: string
  readonly token: string
  readonly vaultId: string
  readonly balance: string
}

/** The vaults that the pair gives from and takes into; one where both are the same. */
function vaultsOf({ order, vaults }: OrderReplica, row: PairRow): readonly PairVault[] {
  const found = new Map<string, PairVault>()
  const sides = [
    ['Gives', order.validOutputs[row.outputIOIndex]],
    ['Takes', order.validInputs[row.inputIOIndex]],
  ] as const
  for (const [side, io] of sides) {
    if (io === undefined) continue
    const key = vaultKey(io)
    const balance = vaults.find((vault) => vaultKey(vault) === key)?.balance
    if (found.has(key)) continue
    found.set(key, { side, key, ...io, balance: balance === undefined ? '0' : display(hexToFloat(balance)) })
  }
  return [...found.values()]
}
