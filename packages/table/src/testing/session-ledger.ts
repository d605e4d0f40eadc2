import type { Row, Value } from '@freshet/core'
import type { Field, Guarding } from './session-history.ts'

/** Every value that is typed is another one, so that what became of it can be told. */
export type Typed = {
  readonly value: string
  /** Tabs are windows of one person. */
  readonly person: number
  readonly id: string
  readonly field: Field
  /** What the field showed at the database when it was typed, and at each save: what it may take the place of. */
  readonly bases: Set<string | undefined>
  /** The value of the same session that it took the place of. */
  readonly over: string | undefined
  guard: Guarding
  /** How the session was told that it is safe: stored, noted in the outbox, or kept as a draft. */
  promised: 'no' | 'kept' | 'noted' | 'stored'
  /** Its user has let it go, or put another in its place. */
  released: boolean
}

/** One value that the database took in the place of another. */
type Taken = {
  readonly id: string
  readonly field: Field
  readonly before: string | undefined
  readonly after: string | undefined
}

/** What users typed and were promised, and what the database took: the books that must agree. */
export type SessionLedger = {
  type(about: Pick<Typed, 'person' | 'id' | 'field' | 'over'>, base: string | undefined): Typed
  of(value: Value | undefined): Typed | undefined
  /** What was promised; what the same person typed there before need not be kept any more. */
  promise(entry: Typed, how: 'kept' | 'noted' | 'stored'): void
  /** Everything that a person has typed into a row. */
  ofRow(person: number, id: string): readonly Typed[]
  /** An operation has changed a row of the database. */
  took(operationId: string, id: string, before: Row | undefined, after: Row | undefined): void
  /**
   * What is wrong, in words.
   *
   * @param isVisible - Whether a value still stands in an outbox or a kept draft, where its user finds it.
   */
  check(isVisible: (value: string) => boolean): readonly string[]
}

export function createSessionLedger(): SessionLedger {
  const typed = new Map<string, Typed>()
  const taken: Taken[] = []
  const effects = new Map<string, number>()
  const isTaken = (value: string): boolean => taken.some(({ after }) => after === value)

  /** What was never taken itself was taken as a part of what was typed over it. */
  const mayReplace = ({ bases, over }: Typed, before: string | undefined): boolean => {
    if (bases.has(before)) return true
    const earlier = over === undefined ? undefined : typed.get(over)
    return earlier !== undefined && (earlier.value === before || mayReplace(earlier, before))
  }
  return {
    type(about, base) {
      const value = `typed${typed.size}`
      const entry: Typed = {
        ...about,
        value,
        bases: new Set([base]),
        guard: 'fields',
        promised: 'no',
        released: false,
      }
      typed.set(value, entry)
      return entry
    },
    of: (value) => (typeof value === 'string' ? typed.get(value) : undefined),
    promise(entry, how) {
      let isLater = false
      for (const other of typed.values()) {
        const isSame = other.person === entry.person && other.id === entry.id && other.field === entry.field
        if (other === entry) isLater = true
        // Of one person the last one wins: the last that was typed, or that was taken in.
        else if (isSame && isLater && other.promised !== 'no') entry.released = true
        else if (isSame) other.released = true
      }
      entry.promised = how
    },
    ofRow: (person, id) => [...typed.values()].filter((entry) => entry.person === person && entry.id === id),
    took(operationId, id, before, after) {
      effects.set(operationId, (effects.get(operationId) ?? 0) + 1)
      for (const field of ['a', 'b'] as const) {
        const [was, is] = [textOf(before, field), textOf(after, field)]
        if (was !== is) taken.push({ id, field, before: was, after: is })
      }
    },
    check(isVisible) {
      const twice = [...effects].filter(([, times]) => times > 1)
      const wrong = twice.map(([operationId, times]) => `operation ${operationId} was applied ${times} times`)
      for (const entry of typed.values()) {
        const { value, promised, released, guard } = entry
        const uses = taken.filter(({ after }) => after === value)
        // What stands where it stood was typed over it in the same session.
        const isSafe = (each: string): boolean =>
          isTaken(each) ||
          isVisible(each) ||
          [...typed.values()].some(({ over, value: later }) => over === each && isSafe(later))
        const safe = released || isSafe(value)
        if (promised !== 'no' && !safe) wrong.push(`${value} was promised (${promised}) and is lost`)
        for (const { before } of uses) {
          if (guard !== 'none' && !mayReplace(entry, before))
            wrong.push(
              `${value} silently overwrote ${before}; it was based on ${[...entry.bases].join(', ')}`,
            )
        }
      }
      return wrong
    },
  }
}

export function textOf(row: Row | undefined, field: string): string | undefined {
  const value = row?.[field]
  return typeof value === 'string' ? value : undefined
}
