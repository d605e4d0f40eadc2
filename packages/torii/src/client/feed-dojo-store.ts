import type { Row } from '@freshet/core'
import { parseModelTag } from '../values/model-tag.ts'
import type { ReactiveClient } from './reactive-client.ts'
import type { WorldSchema } from './world-schema.ts'

/** An entity as the store of `@dojoengine/state` holds it. */
export type DojoEntity = {
  readonly entityId: string
  readonly models: { readonly [namespace: string]: { readonly [model: string]: Row } }
}

/** The store of `@dojoengine/state`, as far as it is fed: nothing of that package is needed here. */
export interface DojoStore {
  getState(): { readonly entities: { readonly [entityId: string]: DojoEntity } }
  setState(change: { readonly entities: { readonly [entityId: string]: DojoEntity } }): void
}

/**
 * Keeps a store of `@dojoengine/state` as this client shows the world, pending
 * changes folded in: what is there now, then each batch in one change of state.
 *
 * Entities are replaced and taken away, not merged as `updateEntity` does, which
 * keeps what is gone.
 *
 * @param models - Tags. Default all models; kinds of record are no entities.
 * @returns How to stop.
 */
export function feedDojoStore<S extends WorldSchema>(
  client: ReactiveClient<S>,
  store: DojoStore,
  models?: readonly string[],
): () => void {
  // The store knows tags alone, whatever the caller says of the world.
  const world = client as unknown as ReactiveClient
  const tags = (models ?? world.tables).filter((tag) => tag.includes('-'))
  const all = tags.flatMap((tag) => world.query(tag).ids)
  put(all)
  return world.entityUpdates.subscribe(({ model, ids }) => {
    if (!tags.includes(model)) return
    put(ids === 'all' ? Object.keys(store.getState().entities) : ids)
  })

  function put(ids: readonly string[]): void {
    if (ids.length === 0) return
    const entities: { [entityId: string]: DojoEntity } = { ...store.getState().entities }
    for (const entityId of new Set(ids)) {
      const entity = entityOf(world, tags, entityId)
      if (entity) entities[entityId] = entity
      else delete entities[entityId]
    }
    store.setState({ entities })
  }
}

function entityOf(client: ReactiveClient, tags: readonly string[], entityId: string): DojoEntity | undefined {
  const models: { [namespace: string]: { [model: string]: Row } } = {}
  let found = false
  for (const tag of tags) {
    const row = client.get(tag, entityId)
    if (row === undefined) continue
    const { namespace, name } = parseModelTag(tag)
    models[namespace] = { ...models[namespace], [name]: row }
    found = true
  }
  return found ? { entityId, models } : undefined
}
