import { useMemo } from 'react'
import type { Query, Row, View, ViewSnapshot } from '@freshet/core'
import { useReadable, type Readable } from './readable.ts'

type Viewed<R extends Row> = { view(query: Query): View<R> }

/** The live answer of a query. The query must keep its identity while it means the same. */
export function useLiveView<R extends Row>(table: Viewed<R>, query: Query): ViewSnapshot<R> {
  return useReadable(useMemo(() => viewReadable(table, query), [table, query]))
}

/** Opens the view when it is first looked at, and closes it when nobody listens any more. */
function viewReadable<R extends Row>(table: Viewed<R>, query: Query): Readable<ViewSnapshot<R>> {
  let view: View<R> | undefined
  let listening = 0
  const opened = (): View<R> => (view ??= table.view(query))
  return {
    get: () => opened().snapshot(),
    subscribe(listener) {
      const off = opened().subscribe(listener)
      listening += 1
      return () => {
        off()
        listening -= 1
        if (listening > 0) return
        view?.close()
        view = undefined
      }
    },
  }
}
