import type { RowFact, Seq, StateBatch } from './batch.ts'
import { rowKeyText } from './draft.ts'
import type { Layer } from './overlay.ts'
import type { RowKey } from './projection.ts'
import type { Refetches } from './refetch.ts'

/**
 * Acknowledged writes whose confirmed row is not known yet: their layers stay
 * until a read that was sent after the acknowledgement tells the row [W5].
 */
export type PendingAcks = {
  /** Whether a batch tells the row of a write it acknowledges, so that the layer falls at once. */
  toldBy(batch: StateBatch, table: string, id: string): boolean
  hold(layer: Layer, ackedAt: Seq): void
  isHeld(layer: Layer): boolean
  /**
   * The operations a fact confirms; they are no longer held.
   *
   * @param readAt - When the read was sent; before all time for a push, which says nothing of that.
   */
  confirmedBy(fact: Exclude<RowFact, { kind: 'touched' }>, readAt: Seq): readonly string[]
  /** The operations a whole walk of a table, begun at the given moment, confirms; they are no longer held. */
  confirmedByWalk(table: string, since: Seq, isHeldBack: (id: string) => boolean): readonly string[]
  forget(operationId: string): void
}

export function createPendingAcks(refetches: Refetches): PendingAcks {
  const held = new Map<string, HeldAck[]>()
  const setHeld = (key: string, entries: HeldAck[]): void => {
    if (entries.length > 0) held.set(key, entries)
    else held.delete(key)
  }
  const forget = (operationId: string): void => {
    for (const [key, entries] of held) {
      if (entries.some((entry) => entry.operationId === operationId)) {
        setHeld(
          key,
          entries.filter((entry) => entry.operationId !== operationId),
        )
      }
    }
  }
  return {
    toldBy(batch, table, id) {
      const told = batch.facts.some(
        (fact) => fact.table === table && fact.id === id && fact.kind !== 'touched',
      )
      return told && !refetches.wants({ table, id })
    },
    hold(layer, ackedAt) {
      const key = keyOf(layer)
      setHeld(key, [...(held.get(key) ?? []), { ...layer, ackedAt }])
      refetches.want(layer)
    },
    isHeld: (layer) =>
      held.size > 0 &&
      (held.get(keyOf(layer)) ?? []).some(({ operationId }) => operationId === layer.operationId),
    confirmedBy(fact, readAt) {
      if (held.size === 0) return []
      const key = keyOf(fact)
      const entries = held.get(key) ?? []
      const isConfirmed = (entry: HeldAck): boolean => readAt >= entry.ackedAt
      const left = entries.filter((entry) => !isConfirmed(entry))
      setHeld(key, left)
      // What was pushed may be older than the write: the row is still to be read.
      if (left.length > 0) refetches.want(fact)
      return entries.filter(isConfirmed).map((entry) => entry.operationId)
    },
    confirmedByWalk(table, since, isHeldBack) {
      const confirmed = [...held.values()]
        .flat()
        .filter((entry) => entry.table === table && entry.ackedAt <= since && !isHeldBack(entry.id))
      for (const entry of confirmed) forget(entry.operationId)
      return confirmed.map((entry) => entry.operationId)
    },
    forget,
  }
}

type HeldAck = RowKey & { readonly operationId: string; readonly ackedAt: Seq }

function keyOf(key: RowKey): string {
  return rowKeyText(key.table, key.id)
}
