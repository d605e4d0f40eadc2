/**
 * A copy of plain data without the fields that are undefined, at any depth:
 * types allow them in facts and operations, stores do not.
 */
export function withoutAbsent<T>(value: T): T {
  // Leaving out undefined fields changes no type that allows them to be absent.
  if (Array.isArray(value)) return value.map(withoutAbsent) as T
  if (!isRecord(value)) return value
  const fields = Object.entries(value).flatMap(([field, item]) =>
    item === undefined ? [] : [[field, withoutAbsent(item)]],
  )
  // As above.
  return Object.fromEntries(fields) as T
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
