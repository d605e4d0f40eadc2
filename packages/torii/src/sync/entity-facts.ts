import type { RowFact } from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import type { ToriiEntity } from '../wire/messages.ts'
import type { ToriiRules } from './torii-rules.ts'

/** Told of a model of which something could not be read. */
export type OnBroken = (tag: string, fault: Error) => void

/** Facts of entities that were read: whole rows, one table for each model. */
export function readFacts(
  entities: readonly ToriiEntity[],
  tables: ReadonlySet<string>,
  onBroken: OnBroken,
): RowFact[] {
  return entities.flatMap(({ id, models }) =>
    models.flatMap(({ tag, members, fault }): RowFact[] => {
      if (!tables.has(tag)) return []
      if (!fault) return [{ kind: 'put', table: tag, id, row: members }]
      onBroken(tag, fault)
      return []
    }),
  )
}

/**
 * Facts of an entity that was pushed. The protocol has no flags: only the schema
 * tells a whole set from some members, and no member at all is a deletion.
 */
export function pushedFacts(
  { id, models }: ToriiEntity,
  schemas: ReadonlyMap<string, ModelSchema>,
  rules: ToriiRules,
  onBroken: OnBroken,
): RowFact[] {
  return models.flatMap(({ tag, members, fault }): RowFact[] => {
    const schema = schemas.get(tag)
    if (!schema) return []
    if (fault) {
      onBroken(tag, fault)
      return []
    }
    if (Object.keys(members).length === 0) return [{ kind: 'delete', table: tag, id }]
    const isWhole = schema.members.every(({ name }) => Object.hasOwn(members, name))
    if (isWhole || !rules.partials) return [{ kind: 'put', table: tag, id, row: members }]
    return [{ kind: 'patch', table: tag, id, set: members }]
  })
}
