import type { RecordChange, Row } from '@freshet/core'

export type QueuedSave = readonly [operationId: string, sent: RecordChange]

/** The saves of a session that are noted and not settled yet, in order. */
export type QueuedSaves = {
  readonly size: number
  /** @param on - The confirmed row at that time. */
  add(operationId: string, sent: RecordChange, on: Row | undefined): void
  /** Whether the confirmed row is the one that this save was noted on. */
  isNotedOn(operationId: string, row: Row | undefined): boolean
  find(operationId: string): RecordChange | undefined
  /** Takes out one that was confirmed or taken back; `undefined` when it is none of these. */
  settle(operationId: string, isConfirmed: boolean): RecordChange | undefined
  /**
   * Takes out one that failed, with all that was noted after it and so waits
   * behind it, newest first; `undefined` when it is none of these.
   */
  takeBack(operationId: string): readonly QueuedSave[] | undefined
  /** The row as it will be when all that waits has been taken. */
  onto(row: Row | undefined): Row | undefined
}

export function createQueuedSaves(): QueuedSaves {
  const waiting = new Map<string, RecordChange>()
  const notedOn = new Map<string, Row | undefined>()
  return {
    get size() {
      return waiting.size
    },
    find: (operationId) => waiting.get(operationId),
    add(operationId, sent, on) {
      waiting.set(operationId, sent)
      notedOn.set(operationId, on)
    },
    isNotedOn: (operationId, row) => notedOn.has(operationId) && notedOn.get(operationId) === row,
    settle(operationId, isConfirmed) {
      const sent = waiting.get(operationId)
      waiting.delete(operationId)
      notedOn.delete(operationId)
      if (sent === undefined || isConfirmed) return sent
      // What builds on a save that was taken back is based on what that was based on.
      for (const [later, change] of waiting) {
        const shared = Object.entries(sent.expect).filter(([field]) => Object.hasOwn(change.expect, field))
        waiting.set(later, { ...change, expect: { ...change.expect, ...Object.fromEntries(shared) } })
      }
      return sent
    },
    takeBack(operationId) {
      const saves = [...waiting]
      const at = saves.findIndex(([id]) => id === operationId)
      const taken = at < 0 ? undefined : saves.slice(at).toReversed()
      for (const [id] of taken ?? []) {
        waiting.delete(id)
        notedOn.delete(id)
      }
      return taken
    },
    onto: (row) =>
      [...waiting.values()].reduce<Row | undefined>(
        (under, sent) => (under || isInsert(sent) ? applyChange(under ?? {}, sent) : undefined),
        row,
      ),
  }
}

/** An insert expects nothing of the fields it writes. */
export function isInsert({ expect }: RecordChange): boolean {
  return Object.keys(expect).length === 0
}

/** What takes the fields of a change back to what it expected of them. */
export function undoOf({ set, unset, expect }: RecordChange): RecordChange {
  const before = [...Object.keys(set), ...unset].map((field) => [field, expect[field]] as const)
  return {
    set: Object.fromEntries(
      before.flatMap(([field, value]) => (value === undefined ? [] : [[field, value]])),
    ),
    unset: before.flatMap(([field, value]) => (value === undefined ? [field] : [])),
    expect: {},
  }
}

export function applyChange(row: Row, { set, unset }: RecordChange): Row {
  const gone = new Set(unset)
  return Object.fromEntries(Object.entries({ ...row, ...set }).filter(([field]) => !gone.has(field)))
}
