import type { Row } from '@freshet/core'
import type { ReactiveClient } from '../client/reactive-client.ts'
import type { RecordRows } from '../wire/record-rows.ts'
import { compileClause, type DojoClause, type EntityTest } from './dojo-clause.ts'
import { compileTokenFilter, type DojoTokenFilter } from './dojo-tokens.ts'

/** What the SDK gives back to stop. */
export type DojoSubscription = { readonly id: bigint; cancel(): void; free(): void }

/** Subscriptions of the SDK, each fed by what changes in the replica. */
export function createDojoSubscriptions(world: ReactiveClient) {
  const narrowing = new WeakMap<object, (clause: DojoClause | null | undefined) => void>()
  const filtering = new WeakMap<object, (filter: DojoTokenFilter) => void>()
  let ids = 0n
  const subscriptionOf = (stop: () => void): DojoSubscription => ({
    id: (ids += 1n),
    cancel: stop,
    free: stop,
  })

  return {
    /** Tells each model of an entity that becomes another, also when the entity is not meant any more, or gone. */
    entities(
      tags: readonly string[],
      clause: DojoClause | null | undefined,
      tell: (id: string, tag: string) => void,
    ): DojoSubscription {
      const watched = new Set(tags)
      let test: EntityTest = () => true
      let meant = new Set<string>()
      const isMeant = (id: string): boolean =>
        holdsAny(world, tags, id) && test(id, (tag) => world.get(tag, id))
      const narrow = (next: DojoClause | null | undefined): void => {
        test = compileClause(next, world.schemas)
        meant = new Set(tags.flatMap((tag) => world.query(tag).ids.filter(isMeant)))
      }
      narrow(clause)
      const stop = world.entityUpdates.subscribe(({ model, ids: changed }) => {
        if (!watched.has(model)) return
        const all = changed === 'all' ? new Set([...meant, ...world.query(model).ids]) : changed
        for (const id of all) {
          const wasMeant = meant.has(id)
          if (isMeant(id)) meant.add(id)
          else if (!meant.delete(id)) continue
          if (wasMeant || meant.has(id)) tell(id, model)
        }
      })
      const subscription = subscriptionOf(stop)
      narrowing.set(subscription, narrow)
      return subscription
    },
    records<K extends 'tokens' | 'tokenBalances'>(
      kind: K,
      filter: DojoTokenFilter,
      tell: (row: RecordRows[K]) => void,
    ): DojoSubscription {
      let test = compileTokenFilter(filter)
      const stop = world.entityUpdates.subscribe(({ model, ids: changed }) => {
        if (model !== kind) return
        for (const id of changed === 'all' ? world.query(kind).ids : changed) {
          const row: Row | undefined = world.get(kind, id)
          // The table holds what its name says.
          const record = row as unknown as (RecordRows[K] & Parameters<typeof test>[0]) | undefined
          if (record && test(record)) tell(record)
        }
      })
      const subscription = subscriptionOf(stop)
      filtering.set(subscription, (next) => void (test = compileTokenFilter(next)))
      return subscription
    },
    narrow: (subscription: object, clause: DojoClause | null | undefined): void =>
      narrowing.get(subscription)?.(clause),
    filter: (subscription: object, filter: DojoTokenFilter): void => filtering.get(subscription)?.(filter),
  }
}

function holdsAny(world: ReactiveClient, tags: readonly string[], id: string): boolean {
  return tags.some((tag) => world.get(tag, id) !== undefined)
}
