import {
  applyEdit,
  FreshetError,
  type Operation,
  type Row,
  type SendOutcome,
  type WriteTarget,
} from '@freshet/core'
import { put, gone, toyTable } from '@freshet/core/testing'

/** How the target treats one sending. */
type Treatment = 'taken' | 'answer-lost' | 'not-reached' | 'refused' | 'conflict' | 'mute'

export type ToyTarget = {
  readonly target: WriteTarget
  /** What the remote holds. */
  readonly rows: Map<string, Row>
  /** Operations in the order they were sent, once per sending. */
  readonly sent: string[]
  readonly verified: string[]
  /** How the next sendings are treated; those after are taken. */
  treatNext(...treatments: Treatment[]): void
  /** Holds every sending back until told; the returned function lets them go on. */
  hold(): () => void
}

/** A remote over one table that takes operations, and sometimes says so. */
export function createToyTarget(): ToyTarget {
  const rows = new Map<string, Row>()
  const sent: string[] = []
  const verified: string[] = []
  const treatments: Treatment[] = []
  let held: Promise<void> = Promise.resolve()

  const take = ({ edits }: Operation): SendOutcome => {
    const facts = edits.map(({ id, edit }) => {
      const row = applyEdit(rows.get(id), edit)
      if (row) rows.set(id, row)
      else rows.delete(id)
      return row ? put(id, row) : gone(id)
    })
    return { kind: 'confirmed', facts }
  }
  const shows = ({ edits }: Operation): boolean =>
    edits.every(
      ({ id, edit }) => JSON.stringify(applyEdit(rows.get(id), edit)) === JSON.stringify(rows.get(id)),
    )

  return {
    rows,
    sent,
    verified,
    treatNext: (...next) => void treatments.push(...next),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    },
    target: {
      async send(operation) {
        sent.push(operation.operationId)
        await held
        switch (treatments.shift() ?? 'taken') {
          case 'taken':
            return take(operation)
          case 'answer-lost':
            take(operation)
            throw unreachable()
          case 'not-reached':
            throw unreachable()
          case 'refused':
            return {
              kind: 'rejected',
              error: new FreshetError({ code: 'toy/refused', kind: 'remote', message: 'no' }),
            }
          case 'conflict':
            return { kind: 'conflict', current: rows.get(operation.edits[0]?.id ?? '') }
          case 'mute':
            return new Promise(() => {})
        }
      },
      async verify(operation) {
        verified.push(operation.operationId)
        if (!shows(operation)) return undefined
        return { kind: 'confirmed', facts: operation.edits.map(({ id }) => factOf(id, rows.get(id))) }
      },
    },
  }
}

function factOf(id: string, row: Row | undefined) {
  return row ? put(id, row) : gone(id)
}

function unreachable(): FreshetError {
  return new FreshetError({
    code: 'toy/unreachable',
    kind: 'remote',
    retryable: true,
    message: 'The line went dead.',
  })
}

/** An operation that sets `value` of a row. */
export function setValue(
  operationId: string,
  id: string,
  value: number,
  options: Partial<Operation> = {},
): Operation {
  const edit = { kind: 'replace', row: { value } } as const
  return {
    operationId,
    group: id,
    request: { id, value },
    edits: [{ table: toyTable, id, edit }],
    createdAtUnixMs: 0,
    ...options,
  }
}
