export { contractTables } from './contract-fixture.ts'
export type { MasterUnderTest } from './contract-fixture.ts'
export { masterContract } from './master-contract.ts'
export type { MasterContractOptions } from './master-contract.ts'
