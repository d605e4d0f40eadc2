import { describe } from 'vitest'
import { commitContract } from './commit-contract.ts'
import { followerContract } from './follower-contract.ts'
import { propertyContract } from './property-contract.ts'
import { rangeContract } from './range-contract.ts'
import { restartContract } from './restart-contract.ts'
import type { ContractOptions } from './store-disk.ts'
import { valueContract } from './value-contract.ts'

/**
 * The one suite every adapter of `Store` passes, in its real engine [T1–T10].
 *
 * Call it from a test file; it registers its tests with vitest.
 *
 * @example
 * storeContract('memory', { createDisk: async () => memoryStoreDisk() })
 */
export function storeContract(name: string, options: ContractOptions): void {
  describe(`store contract: ${name}`, () => {
    commitContract(options)
    followerContract(options)
    rangeContract(options)
    valueContract(options)
    restartContract(options)
    propertyContract(options)
  })
}
