import type { RowFact } from '../batch.ts'
import { patchRow } from '../overlay.ts'
import type { StreamItem } from '../source.ts'
import type { Row } from '../value.ts'
import type { PushQueue } from './push-queue.ts'
import { factOf, openStream, pageById, toyTable, type ToyRemote } from './toy-table.ts'

export type ToyWorld = ToyRemote<RowFact> & {
  /** Sets some members of an entity; an entity that is new is told whole. */
  set(id: string, members: Row): void
  delete(id: string): void
}

/** A whole set of entities, told by the members that changed. */
export function createToyWorld(options: { readonly lossless: boolean }): ToyWorld {
  const rows = new Map<string, Row>()
  const streams = new Set<PushQueue<StreamItem<RowFact>>>()
  const push = (fact: RowFact): void => {
    for (const stream of streams) stream.push({ kind: 'facts', facts: [fact] })
  }
  return {
    rows: () => rows,
    set(id, members) {
      rows.set(id, patchRow(rows.get(id) ?? {}, members))
      push({ kind: 'patch', table: toyTable, id, set: members })
    },
    delete(id) {
      if (rows.delete(id)) push({ kind: 'delete', table: toyTable, id })
    },
    source: {
      capabilities: { kind: 'state', lossless: options.lossless, resumable: false },
      async page({ cursor, limit }) {
        return pageById(rows, cursor, limit)
      },
      async get(table, ids) {
        return ids.map((id) => factOf(table, id, rows.get(id)))
      },
      stream: (_resume, signal) => openStream(streams, signal),
    },
  }
}
