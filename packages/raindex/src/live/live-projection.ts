import type { Projection } from '@freshet/core'
import { createRaindexProjection, type Mutation, type Orderbook } from '../engine/index.ts'

/** What the replica of a live order book is fed with. */
export type LiveFact =
  /** Changes as an engine gave them, numbered by their position in the replica. */
  | { readonly kind: 'envelope'; readonly number: number; readonly mutations: readonly Mutation[] }
  /** The state of a snapshot. It is there at once, whatever code is missing. */
  | { readonly kind: 'restored'; readonly mutations: readonly Mutation[] }

/**
 * The raindex projection for live facts.
 *
 * @param onApplied - Told of each envelope that is applied, also those that had waited.
 */
export function createLiveProjection(
  version: Orderbook['version'],
  onApplied: (envelope: Extract<LiveFact, { readonly kind: 'envelope' }>) => void,
): Projection<LiveFact> {
  const inner = createRaindexProjection(version)
  return {
    keys: ({ mutations }) => mutations.flatMap((mutation) => inner.keys(mutation)),
    needs: (fact) =>
      fact.kind === 'restored' ? [] : fact.mutations.flatMap((mutation) => inner.needs?.(mutation) ?? []),
    apply(draft, facts) {
      for (const fact of facts) {
        inner.apply(draft, fact.mutations)
        if (fact.kind === 'envelope') onApplied(fact)
      }
    },
  }
}
