// The file that a worker of the page runs: what is told of a book is read here, so that the page has only to show it.
import { askBook } from '../book-answers.ts'
import { createBookFeed } from './book-feed.ts'
import type { FromBookWorker, ToBookWorker } from './feed-messages.ts'

const tell = createBookFeed({
  // Of a worker it takes no origin, which the type of a page's own does not know.
  post: (message: FromBookWorker) => (self.postMessage as (message: unknown) => void)(message),
  ask: askBook,
  openEvents: (path) => new EventSource(`/book/${path}`),
  later: (act) => void setTimeout(act, 0),
  nowUnixMs: () => Date.now(),
})
// The page posts nothing else.
self.addEventListener('message', ({ data }: MessageEvent<ToBookWorker>) => tell(data))
