/**
 * Plain data without the fields that are undefined, at any depth: types allow
 * them in facts and operations, stores do not. What has none is not copied.
 */
export function withoutAbsent<T>(value: T): T {
  // Leaving out undefined fields changes no type that allows them to be absent.
  return isWhole(value) ? value : (copied(value) as T)
}

function isWhole(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isWhole)
  return isRecord(value) ? Object.values(value).every(isWhole) : value !== undefined
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied)
  if (!isRecord(value)) return value
  const fields = Object.entries(value).flatMap(([field, item]) =>
    item === undefined ? [] : [[field, copied(item)]],
  )
  return Object.fromEntries(fields)
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
