import { useState } from 'react'
import type { DemoAction } from '@freshet/cli/studio'
import { useReadable } from '../data/readable.ts'
import type { DemoLink } from './demo-link.ts'

/** What a newcomer may do to the demo: the same switches as the keys in the terminal. */
export function DemoBar({ link }: { readonly link: DemoLink }) {
  const state = useReadable(link)
  const [trouble, setTrouble] = useState<string>()
  const perform = (action: DemoAction): void => {
    setTrouble(undefined)
    link
      .perform(action)
      .catch((error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)))
  }
  const isRunning = state?.databaseRunning ?? false
  const writes = state?.othersWrite ?? false
  return (
    <section className="demo" aria-label="Demo">
      <span className="demo-title">Demo</span>
      <span className="demo-database" role="status">
        <span className="lamp" data-on={isRunning} aria-hidden="true" />
        {state === undefined
          ? 'server gone: run npm start'
          : isRunning
            ? 'database runs'
            : 'database stopped'}
      </span>
      <button
        type="button"
        disabled={state === undefined}
        onClick={() => perform(isRunning ? 'stop-database' : 'start-database')}
      >
        {isRunning ? 'Stop database' : 'Start database'}
      </button>
      <button type="button" disabled={state === undefined} onClick={() => perform('write-now')}>
        Someone else writes
      </button>
      <button
        type="button"
        aria-label="Someone else writes every 2 seconds"
        aria-pressed={writes}
        disabled={state === undefined}
        onClick={() => perform(writes ? 'stop-others' : 'start-others')}
      >
        …every 2 s
      </button>
      <button
        type="button"
        onClick={() => window.open(location.href, '_blank', 'noopener,width=960,height=640')}
      >
        Open second window
      </button>
      {trouble && <span role="alert">{trouble}</span>}
    </section>
  )
}
