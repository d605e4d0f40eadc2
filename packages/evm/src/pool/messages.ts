import type { StateChange } from '../state-log.ts'
import type { Packed, PackedResults } from './packing.ts'
import type { WasmEvmOptions } from '../wasm/wasm-evm.ts'

/** What the pool tells a worker, in order. */
export type ToWorker =
  | { readonly kind: 'start'; readonly options: WasmEvmOptions }
  | { readonly kind: 'state'; readonly changes: readonly StateChange[] }
  | ({ readonly kind: 'run'; readonly batch: number; readonly count: number } & Packed)

/** What a worker answers. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'results'; readonly batch: number } & PackedResults)
  | { readonly kind: 'broken'; readonly reason: string }
