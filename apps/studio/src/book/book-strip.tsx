import { useNow } from '../strip/use-now.ts'
import type { BookView } from './book-link.ts'
import { describeBook } from './book-words.ts'

/** How true to its chain the book is, right now. */
export function BookStrip({ view }: { readonly view: BookView }) {
  const words = describeBook(view, useNow())
  const { block, head, behind } = view.health ?? {}
  return (
    <section className="strip" aria-label="Freshness" data-tone={words.tone}>
      <span className="state" role="status">
        <span className="lamp" aria-hidden="true" />
        {words.state}
      </span>
      {words.waits && <span data-part="waits">waits {words.waits}</span>}
      <span data-part="block">
        at block <b>{block ?? '–'}</b>
      </span>
      <span data-part="head">
        head <b>{head ?? '–'}</b>
      </span>
      <span data-part="behind">
        <b>{behind ?? '–'}</b> behind
      </span>
      <span data-part="age">{words.age}</span>
      <span data-part="source">
        from <b>{words.source}</b>
      </span>
      {(words.trouble ?? view.trouble) && (
        <span data-part="trouble" title={words.trouble ?? view.trouble}>
          {words.trouble ?? view.trouble}
        </span>
      )}
    </section>
  )
}
