import type { Seq, Version } from './batch.ts'
import type { RowKey } from './projection.ts'

/** A read on its way. What changes meanwhile is newer than what it brings [A2]. */
export type OpenRead = {
  readonly startedAt: Seq
  end(): void
}

type Touch = { readonly seq: Seq; readonly version: Version | undefined }

/**
 * Remembers, while reads are on their way, which rows changed that the
 * collection itself holds no sequence for: deleted ones and unknown ones.
 */
export type OpenReads = {
  readonly size: number
  begin(startedAt: Seq): OpenRead
  touch(key: RowKey, seq: Seq, version: Version | undefined): void
  touched(key: RowKey): Touch | undefined
}

export function createOpenReads(): OpenReads {
  const reads = new Set<OpenRead>()
  /** By table, then id. */
  const touches = new Map<string, Map<string, Touch>>()

  const forget = (): void => {
    if (reads.size === 0) return touches.clear()
    const oldest = Math.min(...Array.from(reads, ({ startedAt }) => startedAt))
    for (const ofTable of touches.values()) {
      for (const [id, touch] of ofTable) if (touch.seq <= oldest) ofTable.delete(id)
    }
  }
  return {
    get size() {
      return reads.size
    },
    begin(startedAt) {
      const read: OpenRead = {
        startedAt,
        end() {
          if (reads.delete(read)) forget()
        },
      }
      reads.add(read)
      return read
    },
    touch({ table, id }, seq, version) {
      if (reads.size === 0) return
      let ofTable = touches.get(table)
      if (!ofTable) touches.set(table, (ofTable = new Map<string, Touch>()))
      ofTable.set(id, { seq, version })
    },
    touched: ({ table, id }) => touches.get(table)?.get(id),
  }
}
