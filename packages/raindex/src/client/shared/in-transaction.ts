import type { RunShared } from './shared-tables.ts'

/** Does all of the work in one transaction of a connection, or none of it. */
export async function inTransaction<T>(
  run: RunShared,
  work: (run: RunShared) => Promise<T>,
  begin = (): Promise<unknown> => run('BEGIN'),
): Promise<T> {
  await begin()
  try {
    const result = await work(run)
    await run('COMMIT')
    return result
  } catch (error) {
    await run('ROLLBACK').catch(() => undefined)
    throw error
  }
}
