import type { Seq, Version } from './batch.ts'
import { rowKeyText } from './draft.ts'
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
  const touches = new Map<string, Touch>()

  const forget = (): void => {
    // Each began when the one before it had begun.
    const [oldest] = reads
    if (!oldest) return touches.clear()
    for (const [key, touch] of touches) if (touch.seq <= oldest.startedAt) touches.delete(key)
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
      if (reads.size > 0) touches.set(rowKeyText(table, id), { seq, version })
    },
    // While no read is on its way, which is nearly always, not even the key is made.
    touched: ({ table, id }) => (touches.size > 0 ? touches.get(rowKeyText(table, id)) : undefined),
  }
}
