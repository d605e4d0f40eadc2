import { describe } from 'vitest'
import type { MasterUnderTest, RunWithFixture } from './contract-fixture.ts'
import { testFilters } from './contract-filters.ts'
import { testHistory } from './contract-history.ts'
import { testReads } from './contract-reads.ts'
import { testValues } from './contract-values.ts'
import { testWatch } from './contract-watch.ts'
import { testWrites } from './contract-writes.ts'

export type MasterContractOptions = {
  /** Hostile rows and ids, by title, that this driver refuses: no more, no less. */
  readonly refuses?: readonly string[] | undefined
  /** Why the suite cannot run here; it is then reported as skipped, with this reason. */
  readonly skip?: string | undefined
}

/**
 * Runs every rule of the `Master` port against a driver, each test on a fresh
 * database with the tables of `contractTables`, empty.
 */
export function masterContract(
  name: string,
  open: () => Promise<MasterUnderTest>,
  options: MasterContractOptions = {},
): void {
  const { refuses = [], skip } = options
  const withFixture: RunWithFixture = (body) => async () => {
    const { database, close } = await open()
    try {
      await body({ database, client: database.master('client'), order: database.master('client_order') })
    } finally {
      await database.close()
      await close?.()
    }
  }
  const reason = skip === undefined ? '' : ` (skipped: ${skip})`
  describe.skipIf(skip !== undefined)(`master contract: ${name}${reason}`, () => {
    testWrites(withFixture)
    testReads(withFixture)
    testWatch(withFixture)
    testValues(withFixture, refuses)
    testFilters(withFixture)
    testHistory(withFixture)
  })
}
