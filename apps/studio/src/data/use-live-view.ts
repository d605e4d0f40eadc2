import { useMemo } from 'react'
import type { Query, View, ViewSnapshot } from '@freshet/core'
import { useReadable, type Readable } from './readable.ts'
import type { StudioTable } from './studio-table.ts'

/** The live answer of a query. The query must keep its identity while it means the same. */
export function useLiveView(table: StudioTable, query: Query): ViewSnapshot {
  return useReadable(useMemo(() => viewReadable(table, query), [table, query]))
}

/** Opens the view when it is first looked at, and closes it when nobody listens any more. */
function viewReadable(table: StudioTable, query: Query): Readable<ViewSnapshot> {
  let view: View | undefined
  let listening = 0
  const opened = (): View => (view ??= table.view(query))
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
