import { isRecord, type Row, type Value } from '@freshet/core'

/** Which members are given: all for `null`; paths such as `vec.x` reach into records. */
export type EntitySelector = null | {
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
}

/** Compiles a selector. A row that loses nothing stays the same object. */
export function compileSelector(selector: EntitySelector): (row: Row) => Row {
  if (selector === null) return (row) => row
  const { include, exclude = [] } = selector
  const included = include?.map((path) => path.split('.'))
  const excluded = exclude.map((path) => path.split('.'))
  return (row) => {
    const kept = included ? pick(row, included) : row
    return excluded.reduce((rest, path) => without(rest, path), kept)
  }
}

function pick(row: Row, paths: readonly (readonly string[])[]): Row {
  const picked: [string, Value][] = []
  for (const [field, value] of Object.entries(row)) {
    const rests = paths.filter(([first]) => first === field).map(([, ...rest]) => rest)
    if (rests.length === 0) continue
    const isWhole = rests.some((rest) => rest.length === 0) || !isRecord(value)
    picked.push([field, isWhole ? value : pick(value, rests)])
  }
  return Object.fromEntries(picked)
}

function without(row: Row, [field = '', ...rest]: readonly string[]): Row {
  const value = Object.hasOwn(row, field) ? row[field] : undefined
  if (value === undefined) return row
  if (rest.length === 0) return Object.fromEntries(Object.entries(row).filter(([name]) => name !== field))
  return isRecord(value) ? { ...row, [field]: without(value, rest) } : row
}
