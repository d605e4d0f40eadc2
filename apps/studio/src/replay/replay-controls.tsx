import { markerWords, type ChartMarker } from './chart-props.ts'
import { eventBeside, speeds, type Player, type PlayerStep } from './player.ts'
import { dayTimeText } from './time-text.ts'

export type ReplayControlsProps = {
  readonly player: Player
  readonly stepSeconds: number
  readonly markers: readonly ChartMarker[]
  onStep(step: PlayerStep): void
}

/** Moves through the replay: a slider, play, events. */
export function ReplayControls({ player, stepSeconds, markers, onStep }: ReplayControlsProps) {
  const { from, to, time, isPlaying, speed, hidesLater } = player
  const times = markers.map((marker) => marker.time)
  const [previous, next] = [eventBeside(times, time, 'previous'), eventBeside(times, time, 'next')]
  const here = markers.filter((marker) => marker.time === Math.floor(time))
  const seek = (to: number | undefined): void => {
    if (to !== undefined) onStep({ kind: 'seek', time: to })
  }
  return (
    <div className="replay-controls">
      <button
        type="button"
        className="primary"
        onClick={() => onStep({ kind: isPlaying ? 'pause' : 'play' })}
        aria-label={isPlaying ? 'Pause' : 'Play'}
      >
        <span aria-hidden="true">{isPlaying ? '❚❚' : '▶'}</span> {isPlaying ? 'Pause' : 'Play'}
      </button>
      <div role="group" aria-label="Speed" className="replay-speeds">
        {speeds.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === speed}
            onClick={() => onStep({ kind: 'speed', speed: each })}
          >
            ×{each}
          </button>
        ))}
      </div>
      <button type="button" disabled={previous === undefined} onClick={() => seek(previous)}>
        Previous event
      </button>
      <button type="button" disabled={next === undefined} onClick={() => seek(next)}>
        Next event
      </button>
      <input
        type="range"
        className="replay-scrubber"
        aria-label="Time"
        aria-valuetext={dayTimeText(time)}
        min={from}
        max={to}
        step={stepSeconds}
        value={Math.floor(time)}
        onChange={(event) => seek(event.target.valueAsNumber)}
      />
      <output className="replay-time">{dayTimeText(time)} UTC</output>
      <label className="replay-hide">
        <input
          type="checkbox"
          checked={hidesLater}
          disabled={isPlaying}
          onChange={(event) => onStep({ kind: 'hide-later', hides: event.target.checked })}
        />
        hide what comes later
      </label>
      <span className="replay-event" role="status">
        {here.map(markerWords).join(' · ')}
      </span>
    </div>
  )
}
