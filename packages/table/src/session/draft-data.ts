import { isRecord, type DraftRecord, type Maybe, type Row } from '@freshet/core'

/** A draft's fields to read and assign. Any value can be assigned to any field until it is saved. */
export type DraftData<R extends Row> = { [Field in keyof R]?: R[Field] | Maybe } & { [field: string]: Maybe }

/** The draft as an object whose assignments, nested ones too, are edits. */
export function draftData<R extends Row>(
  draft: DraftRecord,
  assign: (field: string, value: Maybe) => void,
): DraftData<R> {
  // The proxy has exactly the fields of the draft.
  return recordProxy(draft.local, assign) as DraftData<R>
}

function recordProxy(read: () => Row, assign: (field: string, value: Maybe) => void): object {
  const member = (field: string): Maybe => (Object.hasOwn(read(), field) ? read()[field] : undefined)
  const nested = (field: string): object =>
    recordProxy(
      () => {
        const value = member(field)
        return isRecord(value) ? value : {}
      },
      (inner, value) => assign(field, withMember(member(field), inner, value)),
    )
  return new Proxy(
    {},
    {
      get(_target, field) {
        if (typeof field !== 'string') return undefined
        return isRecord(member(field)) ? nested(field) : member(field)
      },
      set(_target, field, value: Maybe) {
        if (typeof field === 'string') assign(field, value)
        return typeof field === 'string'
      },
      deleteProperty(_target, field) {
        if (typeof field === 'string') assign(field, undefined)
        return true
      },
      has: (_target, field) => Object.hasOwn(read(), field),
      ownKeys: () => Object.keys(read()),
      getOwnPropertyDescriptor(_target, field) {
        if (typeof field !== 'string' || !Object.hasOwn(read(), field)) return undefined
        return { value: member(field), enumerable: true, configurable: true, writable: true }
      },
    },
  )
}

function withMember(record: Maybe, field: string, value: Maybe): Row {
  const kept = Object.entries(isRecord(record) ? record : {}).filter(([name]) => name !== field)
  return Object.fromEntries(value === undefined ? kept : [...kept, [field, value]])
}
