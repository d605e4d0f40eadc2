import { gapText } from '@freshet/raindex/client'
import type { KeyboardEvent } from 'react'
import type { BesideAnswer, OrderRow, PairRow } from './book-answers.ts'
import type { BookNames } from './book-names.ts'
import { apartText, describeVerdict, rpcRefusal, shortAmount } from './book-words.ts'
import type { Comparison } from './comparisons.ts'

/** What is shown as computed here. */
type VirtualShown = Pick<PairRow, 'ioRatio' | 'outputMax' | 'reason'> & {
  readonly block: number | undefined
}

export type PairTableProps = {
  readonly rows: readonly PairRow[]
  readonly orders: ReadonlyMap<string, OrderRow>
  readonly names: BookNames
  readonly comparisons: ReadonlyMap<string, Comparison>
  /** Undefined: the zero address, whose quotes are told as they change. */
  readonly counterparty: string | undefined
  readonly block: number | undefined
  readonly openId: string | undefined
  onOpen(id: string): void
}

/** Each pair with what is computed here, what the chain says, and how they stand to each other. */
export function PairTable(props: PairTableProps) {
  return (
    <table className="grid book-pairs">
      <thead>
        <tr>
          <th scope="col">Order</th>
          <th scope="col">Pair</th>
          <th scope="col" className="numeric">
            Virtual ratio
          </th>
          <th scope="col" className="numeric">
            most
          </th>
          <th scope="col" className="numeric">
            RPC ratio
          </th>
          <th scope="col" className="numeric">
            most
          </th>
          <th scope="col" className="numeric">
            Delta, bp
          </th>
          <th scope="col">Verdict</th>
          <th scope="col">Compared at</th>
        </tr>
      </thead>
      <tbody onKeyDown={stepThroughRows}>
        {props.rows.map((row) => (
          <PairLine key={row.id} {...props} row={row} />
        ))}
      </tbody>
    </table>
  )
}

function PairLine({
  row,
  orders,
  names,
  comparisons,
  counterparty,
  block,
  openId,
  onOpen,
}: PairTableProps & { readonly row: PairRow }) {
  const comparison = comparisons.get(row.id)
  const shown = shownVirtual(row, comparison?.answer, counterparty === undefined)
  const verdict = describeVerdict(comparison)
  const rpc = comparison?.answer?.rpc ?? null
  const of = comparison?.answer?.block?.number
  const isOpen = row.id === openId
  return (
    <tr data-order={names.order(row.order)} data-open={isOpen || undefined}>
      <th scope="row" className="cell" title={row.order}>
        {names.order(row.order)}
      </th>
      <td className="cell">{pairText(row, orders, names)}</td>
      <Offered
        part="virtual"
        ratio={shown?.ioRatio}
        most={shown?.outputMax}
        refusal={shown === undefined ? '…' : shown.reason ? gapText(shown.reason) : undefined}
      />
      <Offered
        part="rpc"
        ratio={rpc?.kind === 'quote' ? rpc.ioRatio : undefined}
        most={rpc?.kind === 'quote' ? rpc.outputMax : undefined}
        refusal={rpcRefusal(rpc)}
      />
      <td className="cell numeric" data-part="delta">
        {verdict.delta}
      </td>
      <td className="cell">
        <button
          type="button"
          className="book-verdict"
          data-kind={verdict.kind}
          aria-expanded={isOpen}
          aria-label={`${names.order(row.order)}: ${verdict.text}. Why?`}
          title={verdict.text}
          onClick={() => onOpen(row.id)}
        >
          {verdict.text}
        </button>
      </td>
      <td className="cell book-apart" data-part="compared">
        {apartText(of, block)}
        {comparison?.trouble && <span title={comparison.trouble}> · no newer answer</span>}
      </td>
    </tr>
  )
}

type OfferedProps = {
  readonly part: string
  readonly ratio: string | null | undefined
  readonly most: string | null | undefined
  readonly refusal: string | undefined
}

/** A ratio and the most, or over both why there is none. */
function Offered({ part, ratio, most, refusal }: OfferedProps) {
  if (refusal !== undefined || typeof ratio !== 'string' || typeof most !== 'string') {
    return (
      <td className="cell book-refusal" colSpan={2} data-part={part} title={refusal}>
        {refusal ?? '…'}
      </td>
    )
  }
  return (
    <>
      <td className="cell numeric" data-part={part} title={ratio}>
        {shortAmount(ratio)}
      </td>
      <td className="cell numeric" data-part={`${part}-most`} title={most}>
        {shortAmount(most)}
      </td>
    </>
  )
}

/** For the zero address as it is told; for others as it was compared. */
function shownVirtual(
  row: PairRow,
  answer: BesideAnswer | undefined,
  isTold: boolean,
): VirtualShown | undefined {
  if (isTold) {
    const { ioRatio, outputMax, reason, asOf } = row
    return asOf === null ? undefined : { ioRatio, outputMax, reason, block: asOf.blockNumber }
  }
  if (answer === undefined) return undefined
  const block = answer.block?.number
  return answer.virtual.kind === 'quote'
    ? { ...answer.virtual, reason: null, block }
    : { ioRatio: null, outputMax: null, reason: answer.virtual.reason, block }
}

/** What the order gives, and for what. */
export function pairText(
  { order, inputIOIndex, outputIOIndex }: PairRow,
  orders: ReadonlyMap<string, OrderRow>,
  names: BookNames,
): string {
  const { validInputs, validOutputs } = orders.get(order) ?? {}
  const [gives, wants] = [validOutputs?.[outputIOIndex]?.token, validInputs?.[inputIOIndex]?.token]
  return validInputs === undefined ? '' : `${names.token(gives)} for ${names.token(wants)}`
}

/** Up and down lead from verdict to verdict. */
function stepThroughRows(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  const chips = [...event.currentTarget.querySelectorAll<HTMLElement>('.book-verdict')]
  const next = chips[chips.findIndex((chip) => chip === document.activeElement) + step]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}
