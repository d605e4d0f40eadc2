import type { MarketState } from '@freshet/cli/studio'
import { useState } from 'react'
import { spanWords } from '../strip/describe-freshness.ts'
import { useNow } from '../strip/use-now.ts'

const shownForMs = 5 * 60_000

/** Says that the chain was reorganised, until it is dismissed or long ago. */
export function ReorgNotice({ reorg }: { readonly reorg: MarketState['reorg'] }) {
  const now = useNow()
  const [dismissed, setDismissed] = useState<number>()
  const isShown = reorg !== null && reorg.atUnixMs !== dismissed && now - reorg.atUnixMs < shownForMs
  return (
    <ul className="notices" aria-label="Reorganisations" aria-live="polite">
      {isShown && (
        <li data-kind="conflict" data-ancestor={reorg.ancestorBlock}>
          <span className="what">The chain was reorganised {spanWords(now - reorg.atUnixMs)} ago</span>
          <span className="why">
            {reorg.depth} {reorg.depth === 1 ? 'block' : 'blocks'} after block {reorg.ancestorBlock} were
            undone, with their trades; before, the newest was block {reorg.tipBlock}.
          </span>
          <button
            type="button"
            className="quiet"
            aria-label="Dismiss the notice of the reorganisation"
            onClick={() => setDismissed(reorg.atUnixMs)}
          >
            ✕
          </button>
        </li>
      )}
    </ul>
  )
}
