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
import { replayAddress } from './replay-address.ts'
import { ReplayChartView } from './replay-chart-view.tsx'
import { ReplayControls } from './replay-controls.tsx'
import { symbolOf, type ReplaySubject } from './replay-subject.ts'
import { saveFile } from './save-file.ts'
import { useMoment } from './use-moment.ts'
import type { RunChoice } from './use-replay.ts'

export type PairReplayProps = {
  readonly subject: ReplaySubject
  readonly replay: ReplayWorkers
  readonly choice: RunChoice
  readonly player: Player
  readonly run: ReplayRun
  step(step: PlayerStep): void
}

const restMs = 250

/** The pair that is looked at, of those the order has. */
export function PairReplay(props: PairReplayProps) {
  const { subject, replay, choice, run } = props
  const [at, setAt] = useState(0)
  const names = run.series.map((pair) => pairName(subject, replay, choice.order, pair))
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

type PairViewProps = PairReplayProps & {
  readonly series: ReplaySeries
  readonly label: string
  readonly children: ReactNode
}

function PairView({ subject, replay, choice, player, step, run, series, label, children }: PairViewProps) {
  const { order, stepSeconds } = choice
  const book = subject.orderbook
  const chart = useRef<{ toPng(): Promise<Blob> }>(null)
  const props = useMemo(() => chartProps(series, label), [series, label])
  const time = Math.floor(player.time)
  const moment = useMoment(replay, order, series.inputIOIndex, series.outputIOIndex, time)
  useEffect(() => {
    // Only where the head has come to rest: browsers refuse an address that changes all the time.
    if (player.isPlaying) return undefined
    const timer = setTimeout(() => {
      history.replaceState(null, '', `#${replayAddress({ book, order, time, stepSeconds })}`)
    }, restMs)
    return () => clearTimeout(timer)
  }, [book, order, time, stepSeconds, player.isPlaying])
  const name = `replay-${order.slice(2, 10)}`
  const whyNot = player.hidesLater ? 'It holds what comes later, which is hidden.' : undefined
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
        <MomentPanel subject={subject} moment={moment} />
      </div>
      <div className="tools replay-files">
        {children}
        <button
          type="button"
          disabled={player.hidesLater}
          title={whyNot}
          onClick={() => saveFile(`${name}.csv`, textFile(pointsToCsv(run), 'text/csv'))}
        >
          Points as CSV
        </button>
        <button
          type="button"
          disabled={player.hidesLater}
          title={whyNot}
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
          title={whyNot}
          onClick={() =>
            saveFile(`${name}.svg`, textFile(replayToSvg(series, { title: label }), 'image/svg+xml'))
          }
        >
          SVG
        </button>
        <a href={`#${replayAddress({ book, order, time, stepSeconds })}`}>Link to this moment</a>
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
  subject: ReplaySubject,
  replay: ReplayWorkers,
  hash: string,
  { inputIOIndex, outputIOIndex }: { readonly inputIOIndex: number; readonly outputIOIndex: number },
): string {
  const name = subject.orders.find((order) => order.hash === hash)?.name ?? ''
  const order = replay.orders().find((each) => hashOrder(each) === hash)
  const [input, output] = [order?.validInputs[inputIOIndex]?.token, order?.validOutputs[outputIOIndex]?.token]
  return `${name}: ${symbolOf(subject, input)} per ${symbolOf(subject, output)}`
}

function textFile(text: string, type: string): Blob {
  return new Blob([text], { type })
}
