import type { RowFact, Seq, StateBatch } from './batch.ts'
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
  /** The operations that something else confirms; they are no longer held. */
  take(isConfirmed: (ack: HeldAck) => boolean): readonly string[]
  forget(operationId: string): void
}

export function createPendingAcks(refetches: Refetches): PendingAcks {
  const held = new Map<string, HeldAck>()
  const take = (isConfirmed: (ack: HeldAck) => boolean): readonly string[] => {
    const taken = [...held.values()].filter(isConfirmed).map(({ operationId }) => operationId)
    for (const operationId of taken) held.delete(operationId)
    return taken
  }
  return {
    toldBy(batch, table, id) {
      const told = batch.facts.some(
        (fact) => fact.table === table && fact.id === id && fact.kind !== 'touched',
      )
      return told && !refetches.wants({ table, id })
    },
    hold(layer, ackedAt) {
      if (!held.has(layer.operationId)) held.set(layer.operationId, { ...layer, ackedAt })
      refetches.want(layer)
    },
    isHeld: ({ operationId }) => held.has(operationId),
    confirmedBy(fact, readAt) {
      if (held.size === 0) return []
      const isOfRow = ({ table, id }: HeldAck): boolean => table === fact.table && id === fact.id
      const confirmed = take((ack) => isOfRow(ack) && readAt >= ack.ackedAt)
      // What was pushed may be older than the write: the row is still to be read.
      if ([...held.values()].some(isOfRow)) refetches.want(fact)
      return confirmed
    },
    take,
    forget: (operationId) => void held.delete(operationId),
  }
}

type HeldAck = RowKey & { readonly operationId: string; readonly ackedAt: Seq }
