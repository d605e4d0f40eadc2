import { useEffect, useEffectEvent, useImperativeHandle, useRef, useState, type Ref } from 'react'
import { inkNames, onAppearanceChange } from './chart-ink.ts'
import { kindWords, markerWords, type ChartMarker, type ChartProps } from './chart-props.ts'
import { createReplayChart, type ChartHover, type ReplayChart } from './replay-chart.ts'
import { timeText } from './time-text.ts'

export type ReplayChartViewProps = {
  readonly props: ChartProps
  readonly time: number
  readonly hidesLater: boolean
  onSeek(time: number): void
  readonly ref?: Ref<{ toPng(): Promise<Blob> }>
}

/** The chart in the page. A new time moves its head and draws nothing anew. */
export function ReplayChartView({ props, time, hidesLater, onSeek, ref }: ReplayChartViewProps) {
  const root = useRef<HTMLDivElement>(null)
  const chart = useRef<ReplayChart>(undefined)
  const seek = useEffectEvent(onSeek)
  const [hover, setHover] = useState<ChartHover>()
  useEffect(() => {
    if (root.current === null) return undefined
    const made = createReplayChart(root.current, props, {
      onSeek: (second) => seek(second),
      onHover: setHover,
    })
    chart.current = made
    const sizes = new ResizeObserver(([entry]) => {
      if (entry !== undefined) made.setSize(entry.contentRect.width, entry.contentRect.height)
    })
    sizes.observe(root.current)
    const stop = onAppearanceChange(() => made.repaint())
    return () => {
      stop()
      sizes.disconnect()
      made.destroy()
      chart.current = undefined
    }
  }, [props])
  useEffect(() => chart.current?.setTime(time, hidesLater), [props, time, hidesLater])
  useImperativeHandle(ref, () => ({
    toPng: () => chart.current?.toPng() ?? Promise.reject(new Error('There is no chart yet.')),
  }))
  return (
    <figure className="replay-figure" aria-label={`Quotes over time, ${props.label}`}>
      <div className="replay-chart" ref={root} data-points={props.times.length}>
        {inkNames.map((name) => (
          <span key={name} data-ink={name} hidden />
        ))}
      </div>
      <figcaption className="replay-caption">
        <span className="replay-hover" aria-hidden="true">
          {hover ? <HoverText hover={hover} /> : 'Drag to look closer, double-click to see all.'}
        </span>
        <Legend markers={props.markers.filter((marker) => !hidesLater || marker.time <= time)} />
      </figcaption>
    </figure>
  )
}

function HoverText({ hover: { time, ratio, outputMax, marker } }: { readonly hover: ChartHover }) {
  return (
    <>
      <b>{timeText(time)}</b> {Number.isNaN(ratio) ? 'no quote' : `${ratio} · at most ${outputMax}`}
      {marker && (
        <span data-kind={marker.kind}>
          {' '}
          · {markerWords(marker)} at {timeText(marker.time)}
        </span>
      )}
    </>
  )
}

function Legend({ markers }: { readonly markers: readonly ChartMarker[] }) {
  const kinds = [...new Set(markers.map(({ kind }) => kind))]
  return (
    <ul className="replay-kinds" aria-label="Events">
      {kinds.map((kind) => (
        <li key={kind}>
          <i data-ink={kind} aria-hidden="true" /> {kindWords[kind]}
        </li>
      ))}
    </ul>
  )
}
