import { gapText, type PointMark, type ReplayMoment } from '@freshet/raindex/client'
import type { Bytes32 } from '@freshet/raindex/engine'
import { display, hexToFloat } from '@freshet/raindex/float'
import { shortHexes } from '../book/book-words.ts'
import { symbolOf, type ReplaySubject } from './replay-subject.ts'

export type MomentPanelProps = { readonly subject: ReplaySubject; readonly moment: ReplayMoment | undefined }

/** What the quote of the moment was made of. */
export function MomentPanel({ subject, moment }: MomentPanelProps) {
  if (moment === undefined) return <aside className="replay-moment" aria-label="Moment" aria-busy="true" />
  const { outcome, env, vaults, words, wordCount, marks } = moment
  const stack = outcome.kind === 'quote' ? outcome.stack : []
  return (
    <aside className="replay-moment" aria-label="Moment">
      <section data-part="quote">
        <h2>Quote</h2>
        {outcome.kind === 'quote' ? (
          <dl>
            <dt>ratio</dt>
            <dd>{display(outcome.ioRatio)}</dd>
            <dt>at most</dt>
            <dd>{display(outcome.outputMax)}</dd>
          </dl>
        ) : (
          <p className="replay-gap" title={gapText(outcome.reason)}>
            No quote: {shortHexes(gapText(outcome.reason))}.
          </p>
        )}
        <dl>
          <dt>block</dt>
          <dd>{env.blockNumber.toLocaleString('en')}</dd>
          <dt>order</dt>
          <dd>{moment.isLive ? 'live' : 'not live'}</dd>
        </dl>
        {marks.map((mark) => (
          <p key={mark} className="replay-mark">
            {markWords[mark]}
          </p>
        ))}
      </section>
      <section data-part="vaults">
        <h2>Vaults</h2>
        <dl>
          {vaults.map(({ side, token, balance }) => (
            <Pair
              key={side}
              name={`${side}, ${symbolOf(subject, token)}`}
              value={display(hexToFloat(balance))}
            />
          ))}
        </dl>
      </section>
      <section data-part="words">
        <h2>Store</h2>
        {wordCount === 0 && <p className="hint">No words.</p>}
        <dl>
          {words.map(({ key, value, wasRead }) => (
            <Pair
              key={key}
              name={shortWord(key)}
              title={key}
              value={wordText(value)}
              note={wasRead && 'read'}
            />
          ))}
        </dl>
        {wordCount > words.length && <p className="hint">and {wordCount - words.length} more</p>}
      </section>
      <section data-part="stack">
        <h2>Stack</h2>
        {stack.length === 0 && <p className="hint">Empty.</p>}
        <dl>
          {stack.map((word, at) => (
            // A stack is what stands where.
            <Pair key={at} name={at === 0 ? '0, top' : String(at)} title={word} value={wordText(word)} />
          ))}
        </dl>
      </section>
    </aside>
  )
}

const markWords: Readonly<Record<PointMark, string>> = {
  'signed-context': 'Signed words were given for the whole range, not those of this time.',
  wallet: 'The wallet is taken as it is now.',
  'other-contract': 'Another contract was asked, whose state then is not known.',
  'block-field': 'A field of the block was read that the history does not hold.',
  'estimated-block': 'The number of the block was read and is reckoned between two known blocks.',
  override: 'Words of the store were given in place of what they were.',
}

type PairProps = {
  readonly name: string
  readonly value: string
  readonly title?: string | undefined
  readonly note?: string | false | undefined
}

function Pair({ name, value, title, note }: PairProps) {
  return (
    <>
      <dt title={title}>
        {name}
        {note && <em> {note}</em>}
      </dt>
      <dd title={title}>{value}</dd>
    </>
  )
}

/** A word as a person may read it: what fits a whole number as that, else as the float it is. */
function wordText(word: Bytes32): string {
  const whole = BigInt(word)
  return whole < 2n ** 64n ? whole.toString() : display(hexToFloat(word))
}

function shortWord(word: Bytes32): string {
  return `${word.slice(0, 10)}…${word.slice(-4)}`
}
