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
  let touches = new Map<string, Touch>()

  const forget = (): void => {
    if (touches.size === 0) return
    let oldest = Infinity
    for (const read of reads) oldest = Math.min(oldest, read.startedAt)
    touches = new Map([...touches].filter(([, touch]) => touch.seq > oldest))
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
    touch(key, seq, version) {
      if (reads.size > 0) touches.set(rowKeyText(key.table, key.id), { seq, version })
    },
    touched: (key) => (touches.size > 0 ? touches.get(rowKeyText(key.table, key.id)) : undefined),
  }
}
