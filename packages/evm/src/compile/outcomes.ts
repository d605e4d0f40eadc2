import { noValues, op, type WasmWriter } from './wasm-writer.ts'

/** What a compiled function answers instead of the number of a block. */
export const handsOver = -1
const halts = -2

/** Ends the frame exceptionally when the number on the stack of WebAssembly is not 0. */
export function haltIf(writer: WasmWriter): void {
  writer.byte(op.if).byte(noValues)
  halt(writer)
  writer.byte(op.end)
}

/** Ends the frame exceptionally. */
export function halt(writer: WasmWriter): void {
  writer.i32Const(halts).byte(op.return)
}
