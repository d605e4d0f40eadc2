import { FreshetError, type OperationOutcome } from '@freshet/core'

/** The open sessions of a table, by row. */
export type EditRegistry = {
  has(id: string): boolean
  /** @throws {FreshetError} `session/in-progress` when the row is edited and one of both wants it alone. */
  add(id: string, session: OpenSession): void
  /** A new record has been given its id. */
  move(from: string, to: string, session: OpenSession): void
  remove(id: string, session: OpenSession): void
  /** Tells the sessions of a row that a write to it has ended, or failed. */
  settled(id: string, operationId: string, outcome: OperationOutcome['kind']): void
  disposeAll(): void
}

export type OpenSession = {
  readonly exclusive: boolean
  dispose(): void
  settled: ((operationId: string, outcome: OperationOutcome['kind']) => void) | undefined
}

export function createEditRegistry(): EditRegistry {
  const byRow = new Map<string, Set<OpenSession>>()
  const put = (id: string, session: OpenSession): void => {
    byRow.set(id, (byRow.get(id) ?? new Set()).add(session))
  }
  const remove = (id: string, session: OpenSession): void => {
    const sessions = byRow.get(id)
    sessions?.delete(session)
    if (sessions?.size === 0) byRow.delete(id)
  }
  return {
    has: (id) => byRow.has(id),
    add(id, session) {
      const others = [...(byRow.get(id) ?? [])]
      if (others.length > 0 && (session.exclusive || others.some(({ exclusive }) => exclusive))) {
        throw new FreshetError({
          code: 'session/in-progress',
          kind: 'usage',
          message: `Row ${JSON.stringify(id)} is being edited; end that session first, or open neither of them as exclusive.`,
        })
      }
      put(id, session)
    },
    move(from, to, session) {
      remove(from, session)
      put(to, session)
    },
    remove,
    settled(id, operationId, outcome) {
      for (const session of [...(byRow.get(id) ?? [])]) session.settled?.(operationId, outcome)
    },
    disposeAll() {
      for (const sessions of [...byRow.values()]) for (const session of [...sessions]) session.dispose()
    },
  }
}
