import { patchRow } from '../overlay.ts'
import type { RowFact } from '../batch.ts'
import type { Row } from '../value.ts'
import { createToyFeed } from './toy-feed.ts'
import { factOf, pageById, toyTable, type ToyRemote } from './toy-table.ts'

export type ToyWorld = ToyRemote<RowFact> & {
  /** Sets some members of an entity. */
  set(id: string, members: Row): void
  delete(id: string): void
}

/**
 * A whole set of entities, told by the members that changed.
 *
 * @param options.resumable - Streams go on from a checkpoint, if it is not too old.
 */
export function createToyWorld(options: {
  readonly lossless: boolean
  readonly resumable?: boolean | undefined
}): ToyWorld {
  const { lossless, resumable = false } = options
  const rows = new Map<string, Row>()
  const feed = createToyFeed(resumable)
  return {
    rows: () => rows,
    set(id, members) {
      rows.set(id, patchRow(rows.get(id) ?? {}, members))
      feed.tell({ kind: 'patch', table: toyTable, id, set: members })
    },
    delete(id) {
      if (rows.delete(id)) feed.tell({ kind: 'delete', table: toyTable, id })
    },
    source: {
      capabilities: { kind: 'state', lossless, resumable, keptCursors: true },
      async page({ cursor, limit }) {
        return pageById(rows, cursor, limit)
      },
      async get(table, ids) {
        return ids.map((id) => factOf(table, id, rows.get(id)))
      },
      stream: feed.stream,
    },
  }
}
