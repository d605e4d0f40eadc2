import type { SyncTick } from '@freshet/torii'
import { describeLag } from './lag-words.ts'

export type SyncProgressProps = {
  readonly tick: SyncTick | undefined
  readonly rows: { readonly [model: string]: number }
  /** As many rows each model has. */
  readonly expected: number
  readonly nowUnixMs: number
}

/** How far each model is, by the latest tick. */
export function SyncProgress({ tick, rows, expected, nowUnixMs }: SyncProgressProps) {
  const models = tick?.models ?? []
  return (
    <section className="world-sync" aria-label="Synchronising">
      <h2>
        Synchronising{' '}
        {tick && (
          <span className="count" data-part="lag">
            {describeLag(tick, nowUnixMs)}
          </span>
        )}
      </h2>
      <ul>
        {models.map(({ model, status, throughputPerSec, consecutiveFailures, overlayPending }) => {
          const here = rows[model] ?? 0
          return (
            <li key={model} data-model={model} data-status={status}>
              <span className="model">{model}</span>
              <span className="status">{status}</span>
              <progress
                aria-label={`Rows of ${model}`}
                max={Math.max(expected, here, 1)}
                value={here}
                aria-valuetext={`${here} of ${expected} rows`}
              />
              <span className="numbers">
                <b data-part="rows">{here.toLocaleString('en')}</b> of {expected.toLocaleString('en')} rows
                {' · '}
                {Math.round(throughputPerSec).toLocaleString('en')}/s
                {overlayPending > 0 && ` · ${overlayPending} pending`}
                {consecutiveFailures > 0 &&
                  ` · ${consecutiveFailures} ${consecutiveFailures === 1 ? 'failure' : 'failures'}`}
              </span>
            </li>
          )
        })}
        {models.length === 0 && <li>Nothing is known yet.</li>}
      </ul>
    </section>
  )
}
