import type { Hex } from '../engine/index.ts'
import { compiledContracts } from './contracts.generated.ts'

/** A contract of `contracts/` without what it is constructed with. */
export type ContractName = keyof typeof compiledContracts

/** The code that an account of the contract has. */
export function contractCode(name: ContractName): Hex {
  const { creation, runtimeBytes } = compiledContracts[name]
  return `0x${creation.slice(-2 * runtimeBytes)}`
}

/** The code that makes such an account when it is sent; arguments of the constructor go behind it. */
export function creationCode(name: ContractName): Hex {
  return compiledContracts[name].creation
}
