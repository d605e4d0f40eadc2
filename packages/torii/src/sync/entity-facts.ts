import type { RowFact } from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import type { ToriiEntity } from '../wire/messages.ts'
import type { ToriiRules } from './torii-rules.ts'

/** Facts of an entity that was read: whole rows, one table for each model. */
export function readFacts(entities: readonly ToriiEntity[], tables: ReadonlySet<string>): RowFact[] {
  return entities.flatMap(({ id, models }) =>
    models.flatMap(({ tag, members }): RowFact[] =>
      tables.has(tag) ? [{ kind: 'put', table: tag, id, row: members }] : [],
    ),
  )
}

/**
 * Facts of entities that were pushed. The protocol has no flags: only the schema
 * tells a whole set from some members, and no member at all is a deletion.
 */
export function pushedFacts(
  entities: readonly ToriiEntity[],
  schemas: ReadonlyMap<string, ModelSchema>,
  rules: ToriiRules,
): RowFact[] {
  return entities.flatMap(({ id, models }) =>
    models.flatMap(({ tag, members }): RowFact[] => {
      const schema = schemas.get(tag)
      if (!schema) return []
      if (Object.keys(members).length === 0) return [{ kind: 'delete', table: tag, id }]
      const isWhole = schema.members.every(({ name }) => Object.hasOwn(members, name))
      if (isWhole || !rules.partials) return [{ kind: 'put', table: tag, id, row: members }]
      return [{ kind: 'patch', table: tag, id, set: members }]
    }),
  )
}
