import {
  markersToCsv,
  pointsToCsv,
  replayToSvg,
  type ReplayRun,
  type ReplaySeries,
  type ReplayWorkers,
} from '@freshet/raindex/client'
import { hashOrder } from '@freshet/raindex/engine'
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { chartProps } from './chart-props.ts'
import { MomentPanel } from './moment-panel.tsx'
import type { Player, PlayerStep } from './player.ts'
import { symbolOf, type RecordedBook } from './recorded-book.ts'
import { readReplayAddress, replayAddress } from './replay-address.ts'
import { ReplayChartView } from './replay-chart-view.tsx'
import { ReplayControls } from './replay-controls.tsx'
import { saveFile } from './save-file.ts'
import { useMoment } from './use-moment.ts'
import { usePlayer } from './use-player.ts'
import { useRecordedBook, useReplayRun, type RunChoice } from './use-replay.ts'
import 'uplot/dist/uPlot.min.css'
import './replay.css'

/** What an order would have quoted at every second, and why. */
export function ReplayPage() {
  const opened = useRecordedBook()
  switch (opened.kind) {
    case 'loading':
      return (
        <main className="page replay">
          <p className="empty" role="status">
            Reading the order book’s history…
          </p>
        </main>
      )
    case 'failed':
      return (
        <main className="page replay">
          <p className="empty" role="alert">
            {opened.message}
          </p>
        </main>
      )
    case 'open':
      return <OpenReplay book={opened.book} replay={opened.replay} />
  }
}

const stepChoices = [1, 10, 60]
const restMs = 250

type OpenReplayProps = { readonly book: RecordedBook; readonly replay: ReplayWorkers }

function OpenReplay({ book, replay }: OpenReplayProps) {
  const [address] = useState(() => readReplayAddress(decodeURIComponent(location.hash.slice(1))))
  const known = book.orders.find(({ hash }) => hash === address.order) ?? book.orders[0]
  const [order, setOrder] = useState(known?.hash ?? '0x')
  const [stepSeconds, setStepSeconds] = useState(address.stepSeconds ?? 1)
  const { from, head } = book
  const choice = { order, from, to: head.timestamp, stepSeconds }
  const [player, step] = usePlayer(from, head.timestamp, address.time ?? from)
  return (
    <main className="page replay">
      <div className="tools">
        <label>
          Order{' '}
          <select value={order} onChange={(event) => setOrder(event.target.value as typeof order)}>
            {book.orders.map(({ hash, name }) => (
              <option key={hash} value={hash}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Step{' '}
          <select value={stepSeconds} onChange={(event) => setStepSeconds(Number(event.target.value))}>
            {[...new Set([...stepChoices, stepSeconds])].map((seconds) => (
              <option key={seconds} value={seconds}>
                {seconds} s
              </option>
            ))}
          </select>
        </label>
        <span className="hint">{book.title}</span>
      </div>
      <RunOf key={`${order} ${stepSeconds}`} {...{ book, replay, choice, player, step }} />
    </main>
  )
}

type RunOfProps = OpenReplayProps & {
  readonly choice: RunChoice
  readonly player: Player
  step(step: PlayerStep): void
}

/** One choice: first its progress, then the replay. */
function RunOf(props: RunOfProps) {
  const state = useReplayRun(props.replay, props.choice)
  switch (state.kind) {
    case 'running':
      return (
        <p className="empty" role="status">
          Quoting… <progress value={state.share} aria-label="Quoting" />
        </p>
      )
    case 'failed':
      return (
        <p className="empty" role="alert">
          {state.message}
        </p>
      )
    case 'done':
      return <ReplayView {...props} run={state.run} />
  }
}

type ReplayViewProps = RunOfProps & { readonly run: ReplayRun }

/** The pair that is looked at, of those the order has. */
function ReplayView(props: ReplayViewProps) {
  const { book, replay, choice, run } = props
  const [at, setAt] = useState(0)
  const names = run.series.map((pair) => pairName(book, replay, choice.order, pair))
  const series = run.series[at]
  if (series === undefined) return <p className="empty">The order has no pair of two tokens.</p>
  return (
    <PairView key={at} {...props} series={series} label={names[at] ?? ''}>
      {names.length > 1 && (
        <label>
          Pair{' '}
          <select value={at} onChange={(event) => setAt(Number(event.target.value))}>
            {names.map((name, index) => (
              <option key={name} value={index}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
    </PairView>
  )
}

type PairViewProps = ReplayViewProps & {
  readonly series: ReplaySeries
  readonly label: string
  readonly children: ReactNode
}

function PairView({ book, replay, choice, player, step, run, series, label, children }: PairViewProps) {
  const { order, stepSeconds } = choice
  const chart = useRef<{ toPng(): Promise<Blob> }>(null)
  const props = useMemo(() => chartProps(series, label), [series, label])
  const time = Math.floor(player.time)
  const moment = useMoment(replay, order, series.inputIOIndex, series.outputIOIndex, time)
  useEffect(() => {
    // Only where the head has come to rest: browsers refuse an address that changes all the time.
    if (player.isPlaying) return undefined
    const timer = setTimeout(() => {
      history.replaceState(null, '', `#${replayAddress({ order, time, stepSeconds })}`)
    }, restMs)
    return () => clearTimeout(timer)
  }, [order, time, stepSeconds, player.isPlaying])
  const name = `replay-${order.slice(2, 10)}`
  return (
    <>
      <ReplayControls player={player} stepSeconds={stepSeconds} markers={props.markers} onStep={step} />
      <div className="replay-work">
        <ReplayChartView
          ref={chart}
          props={props}
          time={player.time}
          hidesLater={player.hidesLater}
          onSeek={(second) => step({ kind: 'seek', time: second })}
        />
        <MomentPanel book={book} moment={moment} />
      </div>
      <div className="tools replay-files">
        {children}
        <button
          type="button"
          disabled={player.hidesLater}
          onClick={() => saveFile(`${name}.csv`, textFile(pointsToCsv(run), 'text/csv'))}
        >
          Points as CSV
        </button>
        <button
          type="button"
          disabled={player.hidesLater}
          onClick={() => saveFile(`${name}-events.csv`, textFile(markersToCsv(run), 'text/csv'))}
        >
          Events as CSV
        </button>
        <button
          type="button"
          onClick={() => void chart.current?.toPng().then((png) => saveFile(`${name}.png`, png))}
        >
          PNG
        </button>
        <button
          type="button"
          disabled={player.hidesLater}
          onClick={() =>
            saveFile(`${name}.svg`, textFile(replayToSvg(series, { title: label }), 'image/svg+xml'))
          }
        >
          SVG
        </button>
        <a href={`#${replayAddress({ order, time, stepSeconds })}`}>Link to this moment</a>
        <span className="fill" />
        {props.markedSpans.length > 0 && (
          <span className="replay-legend">
            <i aria-hidden="true" /> not all inputs are of their time
          </span>
        )}
      </div>
    </>
  )
}

/** Such as `Auction: USDC per WETH`. */
function pairName(
  book: RecordedBook,
  replay: ReplayWorkers,
  hash: string,
  { inputIOIndex, outputIOIndex }: { readonly inputIOIndex: number; readonly outputIOIndex: number },
): string {
  const name = book.orders.find((order) => order.hash === hash)?.name ?? ''
  const order = replay.orders().find((each) => hashOrder(each) === hash)
  const [input, output] = [order?.validInputs[inputIOIndex]?.token, order?.validOutputs[outputIOIndex]?.token]
  return `${name}: ${symbolOf(book, input)} per ${symbolOf(book, output)}`
}

function textFile(text: string, type: string): Blob {
  return new Blob([text], { type })
}
