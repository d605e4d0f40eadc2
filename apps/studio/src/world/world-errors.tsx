import type { ReactiveError } from '@freshet/torii'

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
          <span className="why">{error.message}</span>
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

const titles: Readonly<Record<ReactiveError['name'], string>> = {
  SchemaMismatchError: 'What is stored is of another schema',
  ToriiVersionChangedError: 'Torii runs another release',
  ToriiEpochChangedError: 'The indexer began anew',
  OverlayTimeoutError: 'A move was not seen in time',
  TargetQuarantinedError: 'A model cannot be read',
  SyncFatalError: 'Synchronising has stopped',
}
