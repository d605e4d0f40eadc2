import type { Filter } from '@freshet/core'
import type { ConditionHandle } from './any-table.ts'
import { both } from './master-schema.ts'

/** The conditions that one handle on a table has gathered. */
export type Conditions = {
  readonly filter: Filter | undefined
  add(filter: Filter): ConditionHandle
  remove(handle: ConditionHandle): void
}

export function createConditions(base: Filter | undefined): Conditions {
  const added = new Map<number, Filter>()
  let next = 0
  return {
    get filter() {
      let filter = base
      for (const each of added.values()) filter = both(filter, each)
      return filter
    },
    add(filter) {
      const condition = next++
      added.set(condition, filter)
      return { condition }
    },
    remove: ({ condition }) => void added.delete(condition),
  }
}
