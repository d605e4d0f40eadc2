/**
 * Conditions joined by an operator, as a balanced tree: databases evaluate a
 * flat chain by recursion over its length.
 *
 * @param none - What stands for no condition at all.
 */
export function balancedJoin(parts: readonly string[], operator: 'AND' | 'OR', none: string): string {
  const [only] = parts
  if (only === undefined) return none
  if (parts.length === 1) return only
  const half = parts.length >> 1
  const left = balancedJoin(parts.slice(0, half), operator, none)
  return `(${left} ${operator} ${balancedJoin(parts.slice(half), operator, none)})`
}
