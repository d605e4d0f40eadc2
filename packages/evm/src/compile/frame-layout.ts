import { i32, i64, v128 } from './wasm-writer.ts'

// Locals of a compiled function.
export const frameLocal = 0
export const targetLocal = 1
export const spLocal = 2
export const memLocal = 3
export const memSizeLocal = 4
export const baseLocal = 5
export const addressLocal = 6
export const gasLocal = 7
export const vectorLocal = 8
/** Where the stack of this way starts, relative to the frame. */
export const startLocal = 9
/** Where the locals of words start. */
export const firstWordLocal = 10
/** Locals before those of words, as runs of one type, without the two parameters. */
export const fixedLocals: readonly (readonly [count: number, type: number])[] = [
  [5, i32],
  [1, i64],
  [1, v128],
  [1, i32],
]

// Fields of a frame, see assembly/frame.ts.
export const framePc = 8
export const frameSp = 12
export const frameGas = 16
export const frameMem = 24
export const frameMemSize = 28
export const frameData = 32
export const frameDataSize = 36
export const frameSelf = 60
export const frameCaller = 64
export const frameCallValue = 96
export const frameStack = 128
export const frameEnd = frameStack + 32_768
export const accountAddress = 32
