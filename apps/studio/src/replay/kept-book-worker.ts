// The file that a worker of the page runs: it reads a live book's history by itself, so that the page has none of it.
import type { HistoryPage } from '@freshet/cli/studio'
import { serveReplay } from '@freshet/raindex/client'
import { askBook } from '../book/book-answers.ts'
import type { ReadingNote } from './kept-book.ts'
import { readKeptHistory, type KeptHistoryRequest } from './kept-history.ts'

const post = (note: ReadingNote): void =>
  // Of a worker it takes no origin, which the type of a page's own does not know.
  (self.postMessage as (message: unknown) => void)(note)

serveReplay({
  // Sent by our own page.
  open: (request) =>
    readKeptHistory(request as KeptHistoryRequest, {
      // It ends with the worker.
      ask: (path) => askBook<HistoryPage>(path, new AbortController().signal),
      onProgress: (blocks, of) => post({ kind: 'reading', share: blocks / Math.max(1, of) }),
    }),
})
