import type { FreshnessWords } from '../strip/describe-freshness.ts'
import { Source, Strip } from '../strip/strip.tsx'
import type { WorldView } from './world-link.ts'

export type WorldStripProps = { readonly view: WorldView; readonly words: FreshnessWords }

/** How true to its Torii the world is, right now. */
export function WorldStrip({ view, words }: WorldStripProps) {
  const { overall } = view.tick ?? {}
  const pending = overall?.pendingOverlayCount ?? 0
  return (
    <Strip words={words} state={overall?.state} trouble={view.trouble ?? words.trouble}>
      <Source name={words.source} />
      <span data-part="age">{words.age}</span>
      {words.next && <span data-part="next">{words.next}</span>}
      <span data-part="head">
        at block <b>{overall?.head ?? '–'}</b>
      </span>
      <span data-part="overlays">
        <b>{pending}</b> pending {pending === 1 ? 'move' : 'moves'}
      </span>
    </Strip>
  )
}
