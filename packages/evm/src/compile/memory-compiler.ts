import {
  frameLocal,
  memLocal,
  memSizeLocal,
  addressLocal,
  gasLocal,
  vectorLocal,
  frameMem,
  frameMemSize,
} from './frame-layout.ts'
import { callHelper } from './helper-functions.ts'
import { halt, haltIf } from './outcomes.ts'
import type { SymbolicStack, Word } from './symbolic-stack.ts'
import { noValues, op, vector, type WasmWriter } from './wasm-writer.ts'
import type { WordCompiler } from './word-compiler.ts'

/** Offsets up to here are put into instructions; far larger ones are too dear for any gas. */
export const largestOffset = 0xff_ffffn

/** Compiles reads and writes of contract memory, which extend it. */
export class MemoryCompiler {
  readonly #writer: WasmWriter
  readonly #stack: SymbolicStack
  readonly #words: WordCompiler

  constructor(writer: WasmWriter, stack: SymbolicStack, words: WordCompiler) {
    this.#writer = writer
    this.#stack = stack
    this.#words = words
  }

  /** MLOAD. `owed` is the gas of instructions that is not charged yet. */
  load(where: Word, owed: number): Word {
    const w = this.#writer
    const offset = this.#reach(where, owed)
    const limbs: number[] = [0, 0, 0, 0]
    for (const half of [0, 1]) {
      w.with(op.localGet, addressLocal).vectorMemory(vector.load, offset + half * 16)
      w.reverse(vectorLocal).with(op.localSet, vectorLocal)
      for (const lane of [0, 1]) {
        w.with(op.localGet, vectorLocal).vectorLane(vector.extractI64, lane)
        limbs[2 - 2 * half + lane] = this.#stack.keep()
      }
    }
    return { kind: 'limbs', limbs }
  }

  /** MSTORE. */
  store(where: Word, word: Word, owed: number): void {
    const w = this.#writer
    const offset = this.#reach(where, owed)
    for (const half of [0, 1]) {
      const [low, high] = [2 - 2 * half, 3 - 2 * half]
      const [lowKnown, highKnown] = [this.#stack.known(word, low), this.#stack.known(word, high)]
      if (lowKnown !== undefined && highKnown !== undefined) {
        w.with(op.localGet, addressLocal)
          .i64Const(swapped(highKnown))
          .memory(op.i64Store, offset + half * 16)
        w.with(op.localGet, addressLocal)
          .i64Const(swapped(lowKnown))
          .memory(op.i64Store, offset + half * 16 + 8)
        continue
      }
      w.with(op.localGet, addressLocal)
      this.#stack.limb(word, low)
      w.byte(0xfd).unsigned(vector.splatI64)
      this.#stack.limb(word, high)
      w.vectorLane(vector.replaceI64, 1)
        .reverse(vectorLocal)
        .vectorMemory(vector.store, offset + half * 16)
    }
  }

  /**
   * Makes sure that 32 bytes of contract memory are there. Leaves an address in a local; what is returned is to be
   * added to it.
   */
  #reach(where: Word, owed: number): number {
    const w = this.#writer
    if (where.kind === 'constant' && where.value > 0xffff_ffffn) {
      halt(w)
      return 0
    }
    if (where.kind === 'constant' && where.value <= largestOffset) {
      const end = where.value + 32n
      w.with(op.localGet, memSizeLocal).byte(op.i64ExtendI32U).i64Const(end).byte(op.i64LtU)
      w.byte(op.if).byte(noValues)
      this.#grow(owed, () => w.i64Const(end))
      w.byte(op.end)
      w.with(op.localGet, memLocal).with(op.localSet, addressLocal)
      return Number(where.value)
    }
    const word = this.#stack.inLocals(where)
    const high = { kind: 'limbs', limbs: word.kind === 'limbs' ? word.limbs.slice(1) : [] } as const
    if (high.limbs.some((limb) => limb !== 0n)) {
      this.#words.any(high)
      w.i64Const(0n).byte(op.i64Ne)
      haltIf(w)
    }
    this.#stack.limb(word, 0)
    w.i64Const(0xffff_ffffn).byte(op.i64GtU)
    haltIf(w)
    this.#stack.limb(word, 0)
    w.i64Const(32n).byte(op.i64Add)
    const end = this.#stack.keep()
    w.with(op.localGet, memSizeLocal).byte(op.i64ExtendI32U).with(op.localGet, end).byte(op.i64LtU)
    w.byte(op.if).byte(noValues)
    this.#grow(owed, () => w.with(op.localGet, end))
    w.byte(op.end)
    this.#stack.limb(word, 0)
    w.byte(op.i32WrapI64).with(op.localGet, memLocal).byte(op.i32Add).with(op.localSet, addressLocal)
    return 0
  }

  /** Extends memory with the gas that is really left. */
  #grow(owed: number, pushEnd: () => void): void {
    const w = this.#writer
    w.with(op.localGet, frameLocal).with(op.localGet, gasLocal).i64Const(BigInt(owed)).byte(op.i64Sub)
    pushEnd()
    callHelper(w, 'growMemory').with(op.localTee, gasLocal).i64Const(0n).byte(op.i64LtS)
    haltIf(w)
    w.with(op.localGet, gasLocal).i64Const(BigInt(owed)).byte(op.i64Add).with(op.localSet, gasLocal)
    this.reload()
  }

  /** Loads where contract memory is and how large, after someone else may have extended it. */
  reload(): void {
    const w = this.#writer
    w.with(op.localGet, frameLocal).memory(op.i32Load, frameMem).with(op.localSet, memLocal)
    w.with(op.localGet, frameLocal).memory(op.i32Load, frameMemSize).with(op.localSet, memSizeLocal)
  }
}

/** A limb with its bytes in the order of contract memory. */
function swapped(limb: bigint): bigint {
  let result = 0n
  for (let i = 0n; i < 8n; i++) result = (result << 8n) | ((limb >> (8n * i)) & 0xffn)
  return result
}
