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
  /** The operations a fact confirms; they are no longer held. */
  confirmedBy(fact: Exclude<RowFact, { kind: 'touched' }>, startedAt: Seq | 'live'): readonly string[]
  forget(operationId: string): void
}

export function createPendingAcks(refetches: Refetches): PendingAcks {
  const held = new Map<string, { readonly operationId: string; readonly ackedAt: Seq }[]>()
  const setHeld = (key: string, entries: { operationId: string; ackedAt: Seq }[]): void => {
    if (entries.length > 0) held.set(key, entries)
    else held.delete(key)
  }
  return {
    toldBy(batch, table, id) {
      const told = batch.facts.some((fact) => fact.table === table && fact.id === id && fact.kind !== 'touched')
      return told && !refetches.wants({ table, id })
    },
    hold(layer, ackedAt) {
      const key = keyOf(layer)
      setHeld(key, [...(held.get(key) ?? []), { operationId: layer.operationId, ackedAt }])
      refetches.want(layer)
    },
    confirmedBy(fact, startedAt) {
      if (held.size === 0 || startedAt === 'live') return []
      const key = keyOf(fact)
      const entries = held.get(key) ?? []
      const confirmed = entries.filter((entry) => startedAt >= entry.ackedAt)
      if (confirmed.length === 0) return []
      setHeld(key, entries.filter((entry) => !confirmed.includes(entry)))
      return confirmed.map((entry) => entry.operationId)
    },
    forget(operationId) {
      for (const [key, entries] of held) {
        if (entries.some((entry) => entry.operationId === operationId)) {
          setHeld(key, entries.filter((entry) => entry.operationId !== operationId))
        }
      }
    },
  }
}

function keyOf(key: RowKey): string {
  return rowKeyText(key.table, key.id)
}
