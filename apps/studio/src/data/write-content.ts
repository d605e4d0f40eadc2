import type { Operation, Row } from '@freshet/core'

/** What a write does, as far as a person wants to know. */
export type WriteContent = {
  readonly id: string
  readonly op: 'insert' | 'patch' | 'delete'
  /** The fields it sets or removes; of an insert, all it gives. */
  readonly fields: readonly string[]
  /** The values it sets, to try again with. */
  readonly values: Row
}

/** The content of a queued operation; `undefined` for one that is not about a single row. */
export function describeWrite({ edits }: Operation): WriteContent | undefined {
  const [first, ...others] = edits
  if (first === undefined || others.length > 0) return undefined
  const { id, edit } = first
  switch (edit.kind) {
    case 'insert':
    case 'replace':
      return { id, op: 'insert', fields: Object.keys(edit.row), values: edit.row }
    case 'patch':
      return { id, op: 'patch', fields: [...Object.keys(edit.set), ...(edit.unset ?? [])], values: edit.set }
    case 'upsert':
      return { id, op: 'patch', fields: Object.keys(edit.set), values: edit.set }
    case 'delete':
      return { id, op: 'delete', fields: [], values: {} }
  }
}
