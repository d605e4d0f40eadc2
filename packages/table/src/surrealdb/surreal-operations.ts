import { AlreadyExistsError, RecordId } from 'surrealdb'
import type { SurrealConnection } from './surreal-connection.ts'
import { surrealToError } from './surreal-errors.ts'
import type { Binder } from './surreal-filter.ts'

/** Notes, beside the rows, which operations were taken, so that one sent again has no second effect [TB49]. */
export type SurrealOperations = {
  /**
   * The statement together with the note of its operation, as one statement:
   * both happen or neither. It returns `before` where the note is there already.
   *
   * @param statement - Returns the rows it wrote; none of them, and nothing is noted.
   */
  noting(statement: string, opId: string, binder: Binder, signal: AbortSignal | undefined): Promise<string>
}

/** What a statement of `noting` returns when the operation was taken before. */
export const takenBefore = 'before'

const table = 'freshet_operation'

/** Longer than any sender waits before it sends again what it has no answer to. */
const setUp = `
  DEFINE TABLE IF NOT EXISTS ${table} SCHEMALESS PERMISSIONS NONE;
  DEFINE INDEX IF NOT EXISTS taken ON ${table} FIELDS at;
  DELETE ${table} WHERE at < time::now() - 7d RETURN NONE;
`

export function createSurrealOperations(connection: SurrealConnection): SurrealOperations {
  let permitted: Promise<boolean> | undefined

  const areKept = (signal: AbortSignal | undefined): Promise<boolean> => {
    permitted ??= connection.run(setUp, {}, signal).then(
      () => true,
      (error: unknown) => {
        const fault = surrealToError(error)
        if (fault.code === 'table/not-allowed') return false
        permitted = undefined
        throw fault
      },
    )
    return permitted
  }
  return {
    async noting(statement, opId, binder, signal) {
      if (!(await areKept(signal))) return statement
      const operation = binder.bind(new RecordId(table, opId))
      return `IF record::exists(${operation}) { '${takenBefore}' } ELSE {
        LET $written = (${statement});
        IF array::len($written) > 0 { CREATE ONLY ${operation} SET at = time::now() RETURN NONE };
        RETURN $written
      }`
    },
  }
}

/** Whether a statement of `noting` lost to the same operation, sent twice at once. */
export function isTakenBefore(error: unknown): boolean {
  return error instanceof AlreadyExistsError && String(error.recordId).startsWith(`${table}:`)
}
