import type { FreshnessWords } from '../strip/describe-freshness.ts'
import type { WorldView } from './world-link.ts'

export type WorldStripProps = { readonly view: WorldView; readonly words: FreshnessWords }

/** How true to its Torii the world is, right now. */
export function WorldStrip({ view, words }: WorldStripProps) {
  const { overall } = view.tick ?? {}
  const trouble = view.trouble ?? words.trouble
  const pending = overall?.pendingOverlayCount ?? 0
  return (
    <section className="strip" aria-label="Freshness" data-tone={words.tone} data-state={overall?.state}>
      <span className="state" role="status">
        <span className="lamp" aria-hidden="true" />
        {words.state}
      </span>
      <span data-part="source">
        from <b>{words.source}</b>
      </span>
      <span data-part="age">{words.age}</span>
      {words.next && <span data-part="next">{words.next}</span>}
      <span data-part="head">
        at block <b>{overall?.head ?? '–'}</b>
      </span>
      <span data-part="overlays">
        <b>{pending}</b> pending {pending === 1 ? 'move' : 'moves'}
      </span>
      {trouble && (
        <span data-part="trouble" title={trouble}>
          {trouble}
        </span>
      )}
    </section>
  )
}
