import type { ReactiveError } from '@freshet/torii'
import { dayTimeText } from '../replay/time-text.ts'

export type WorldErrorsProps = {
  readonly errors: readonly ReactiveError[]
  onDismiss(error: ReactiveError): void
  onReset(): void
  onResume(): void
}

/** What the host should know or decide. */
export function WorldErrors({ errors, onDismiss, onReset, onResume }: WorldErrorsProps) {
  const act = (error: ReactiveError, action: () => void): void => {
    action()
    onDismiss(error)
  }
  return (
    <ul className="notices" aria-label="About the world" aria-live="polite">
      {errors.map((error, at) => (
        <li key={at} data-kind={error.name === 'SyncFatalError' ? undefined : 'conflict'}>
          <span className="what">{titles[error.name]}</span>
          <span className="why">{wordsOf(error)}</span>
          {error.name === 'SyncFatalError' && (
            <button type="button" onClick={() => act(error, onResume)}>
              Go on
            </button>
          )}
          {error.name === 'SchemaMismatchError' && (
            <button type="button" onClick={() => act(error, onReset)}>
              Read it again
            </button>
          )}
          <button
            type="button"
            className="quiet"
            aria-label={`Dismiss: ${titles[error.name]}`}
            onClick={() => onDismiss(error)}
          >
            ✕
          </button>
        </li>
      ))}
    </ul>
  )
}

/** Seconds since 1970 are nothing to read. */
function wordsOf(error: ReactiveError): string {
  if (error.name !== 'ToriiEpochChangedError') return error.message
  const [now, before] = [error.current, error.previous].map(dayTimeText)
  return `It began at ${now} UTC, and before at ${before} UTC. Everything is read again; what it has not reached yet is missing for a while.`
}

const titles: Readonly<Record<ReactiveError['name'], string>> = {
  SchemaMismatchError: 'What is stored is of another schema',
  ToriiVersionChangedError: 'Torii runs another release',
  ToriiEpochChangedError: 'The indexer began anew',
  OverlayTimeoutError: 'A move was not seen in time',
  TargetQuarantinedError: 'A model cannot be read',
  SyncFatalError: 'Synchronising has stopped',
}
