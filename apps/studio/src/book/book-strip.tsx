import { Source, Strip } from '../strip/strip.tsx'
import { useNow } from '../strip/use-now.ts'
import type { BookView } from './book-link.ts'
import { describeBook } from './book-words.ts'

/** How true to its chain the book is, right now. */
export function BookStrip({ view }: { readonly view: BookView }) {
  const words = describeBook(view, useNow())
  const { block, head, behind } = view.health ?? {}
  return (
    <Strip words={words} trouble={words.trouble ?? view.trouble}>
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
      <Source name={words.source} />
    </Strip>
  )
}
