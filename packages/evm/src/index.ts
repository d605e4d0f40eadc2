export { bytesToBigInt, bytesToHex, type BytesInput, type Hex, type WordInput } from './bytes.ts'
export {
  maxCallGas,
  maxCodeBytes,
  type AsyncEvmEngine,
  type BlockEnv,
  type EngineOptions,
  type EvmEngine,
  type EvmResult,
  type EvmState,
  type Hardfork,
  type Hook,
  type HookCall,
  type HookResult,
  type MissingState,
  type ReadSet,
  type SlotRead,
  type StaticCall,
  type UnknownState,
} from './engine.ts'
export { EvmError, type EvmErrorKind, type EvmErrorOptions } from './errors.ts'
export { createWasmEvm, type WasmEvmOptions } from './wasm/wasm-evm.ts'
export type { Runtime } from './wasm/evm-module.ts'
