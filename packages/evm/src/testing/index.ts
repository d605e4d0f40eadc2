export { compileContracts, encodeCall, mappingSlot } from './compile-solidity.ts'
export { converge, type ConvergeOptions } from './converge.ts'
export { installRealEngines, openAnvil, openEdr, type RealEngine } from './real-engines.ts'
export {
  addresses,
  codeOf,
  interpreterWorkload,
  quoterWorkload,
  tokenWorkload,
  trivialWorkload,
  type Workload,
} from './workloads.ts'
export { wasmBinary } from '../wasm/evm-module.ts'
