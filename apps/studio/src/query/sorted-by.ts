import type { OrderTerm } from '@freshet/core'

/** Ascending, then descending, then not at all; `isFurther` leaves the other terms as they are. */
export function sortedBy(
  order: readonly OrderTerm[],
  field: string,
  isFurther: boolean,
): readonly OrderTerm[] {
  const term = order.find((candidate) => candidate.field === field)
  const others = isFurther ? order : []
  if (term === undefined) return [...others, { field, direction: 'asc' }]
  if (term.direction === 'desc') return others.filter((candidate) => candidate !== term)
  const turned: OrderTerm = { field, direction: 'desc' }
  return isFurther ? order.map((candidate) => (candidate === term ? turned : candidate)) : [turned]
}
