import type { DemoAction } from '@freshet/cli/studio'
import { useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { DemoLink } from '../demo/demo-link.ts'

/** What may be done to the world's Torii and to its game. */
export function WorldTools({ demo }: { readonly demo: DemoLink }) {
  const state = useReadable(demo)?.world
  const [trouble, setTrouble] = useState<string>()
  const perform = (action: DemoAction): void => {
    setTrouble(undefined)
    demo
      .perform(action)
      .catch((error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)))
  }
  const { reachable = true, roaming = false, refusesNext = false } = state ?? {}
  const isGone = state === undefined
  return (
    <div className="tools">
      <button
        type="button"
        className="danger"
        disabled={isGone || !reachable}
        title="Resets every stream; the Torii goes on answering"
        onClick={() => perform('kill-streams')}
      >
        Kill the stream
      </button>
      <button
        type="button"
        disabled={isGone}
        onClick={() => perform(reachable ? 'stop-torii' : 'start-torii')}
      >
        {reachable ? 'Stop Torii' : 'Start Torii'}
      </button>
      <button
        type="button"
        disabled={isGone || !reachable}
        title="The indexer forgets everything, and reads the chain again"
        onClick={() => perform('reindex')}
      >
        Re-index
      </button>
      <button
        type="button"
        aria-pressed={roaming}
        disabled={isGone}
        onClick={() => perform(roaming ? 'stop-roaming' : 'start-roaming')}
      >
        Pieces roam
      </button>
      <button
        type="button"
        aria-pressed={refusesNext}
        disabled={isGone || refusesNext}
        onClick={() => perform('refuse-next-move')}
      >
        Refuse the next move
      </button>
      <span className="fill" />
      {!reachable && <span className="mistake">Torii does not answer. The world goes on without you.</span>}
      {trouble && (
        <span className="mistake" role="alert">
          {trouble}
        </span>
      )}
    </div>
  )
}
