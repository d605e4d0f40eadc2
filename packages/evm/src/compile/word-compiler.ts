import type { SymbolicStack, Limb, Word } from './symbolic-stack.ts'
import { op, type WasmWriter } from './wasm-writer.ts'

const wordMask = (1n << 256n) - 1n
const limbMask = (1n << 64n) - 1n

/** Compiles arithmetic on words in four limbs. Operands come as the EVM takes them: the topmost first. */
export class WordCompiler {
  readonly #writer: WasmWriter
  readonly #stack: SymbolicStack

  constructor(writer: WasmWriter, stack: SymbolicStack) {
    this.#writer = writer
    this.#stack = stack
  }

  add(first: Word, second: Word): Word {
    if (first.kind === 'constant' && second.kind === 'constant') return constant(first.value + second.value)
    const [a, b] = [this.#stack.inLocals(first), this.#stack.inLocals(second)]
    const [an, bn] = [this.#stack.limbs(a), this.#stack.limbs(b)]
    const limbs: Limb[] = []
    let carry: number | undefined
    for (let i = 0; i < Math.max(an, bn); i++) {
      const [left, right] = [this.#stack.known(a, i), this.#stack.known(b, i)]
      const isLast = i === 3
      if (left === 0n || right === 0n) {
        // Nothing to add but the carry.
        this.#stack.limb(left === 0n ? b : a, i)
        if (carry !== undefined) this.#writer.with(op.localGet, carry).byte(op.i64Add)
        limbs.push(this.#stack.keep())
        if (carry !== undefined && !isLast) carry = this.#below(limbs[i], carry)
        continue
      }
      this.#stack.limb(a, i)
      this.#stack.limb(b, i)
      this.#writer.byte(op.i64Add)
      let sum = this.#stack.keep()
      let next: number | undefined
      if (!isLast) {
        this.#writer.with(op.localGet, sum)
        this.#stack.limb(a, i)
        this.#writer.byte(op.i64LtU).byte(op.i64ExtendI32U)
        next = this.#stack.keep()
      }
      if (carry !== undefined) {
        this.#writer.with(op.localGet, sum).with(op.localGet, carry).byte(op.i64Add)
        sum = this.#stack.keep()
        if (next !== undefined) {
          const more = this.#below(sum, carry)
          this.#writer.with(op.localGet, next).with(op.localGet, more).byte(op.i64Or)
          next = this.#stack.keep()
        }
      }
      limbs.push(sum)
      carry = next
    }
    if (carry !== undefined && limbs.length < 4) limbs.push(carry)
    return { kind: 'limbs', limbs }
  }

  sub(first: Word, second: Word): Word {
    if (first.kind === 'constant' && second.kind === 'constant') return constant(first.value - second.value)
    if (second.kind === 'constant' && second.value === 0n) return first
    const [a, b] = [this.#stack.inLocals(first), this.#stack.inLocals(second)]
    const limbs: Limb[] = []
    let borrow: number | undefined
    for (let i = 0; i < 4; i++) {
      this.#stack.limb(a, i)
      this.#stack.limb(b, i)
      this.#writer.byte(op.i64Sub)
      const difference = this.#stack.keep()
      let next: number | undefined
      if (i < 3 && this.#stack.known(b, i) !== 0n) {
        this.#stack.limb(a, i)
        this.#stack.limb(b, i)
        this.#writer.byte(op.i64LtU).byte(op.i64ExtendI32U)
        next = this.#stack.keep()
      }
      if (borrow === undefined) {
        limbs.push(difference)
        borrow = next
        continue
      }
      this.#writer.with(op.localGet, difference).with(op.localGet, borrow).byte(op.i64Sub)
      limbs.push(this.#stack.keep())
      if (i < 3) {
        const more = this.#below(difference, borrow)
        if (next === undefined) next = more
        else {
          this.#writer.with(op.localGet, next).with(op.localGet, more).byte(op.i64Or)
          next = this.#stack.keep()
        }
      }
      borrow = next
    }
    return { kind: 'limbs', limbs }
  }

  /** AND, OR and XOR. */
  bitwise(opcode: number, first: Word, second: Word): Word {
    const [a, b] = [this.#stack.inLocals(first), this.#stack.inLocals(second)]
    const [an, bn] = [this.#stack.limbs(a), this.#stack.limbs(b)]
    const count = opcode === op.i64And ? Math.min(an, bn) : Math.max(an, bn)
    const limbs = Array.from({ length: count }, (_, i): Limb => {
      const [left, right] = [this.#stack.known(a, i), this.#stack.known(b, i)]
      if (left !== undefined && right !== undefined) return applyBits(opcode, left, right)
      if (left !== undefined) return this.#bitsWith(opcode, b, i, left)
      if (right !== undefined) return this.#bitsWith(opcode, a, i, right)
      this.#stack.limb(a, i)
      this.#stack.limb(b, i)
      this.#writer.byte(opcode)
      return this.#stack.keep()
    })
    return { kind: 'limbs', limbs }
  }

  not(word: Word): Word {
    return this.bitwise(op.i64Xor, word, { kind: 'constant', value: wordMask })
  }

  /** Whether first < second, as a word. */
  less(first: Word, second: Word): Word {
    const [a, b] = [this.#stack.inLocals(first), this.#stack.inLocals(second)]
    this.#lessUnsigned(a, b, Math.max(this.#stack.limbs(a), this.#stack.limbs(b)))
    return this.#truth()
  }

  /** Whether first < second as signed numbers, as a word. */
  lessSigned(first: Word, second: Word): Word {
    const [a, b] = [this.#stack.inLocals(first), this.#stack.inLocals(second)]
    this.#lessUnsigned(a, b, 3)
    this.#pair(a, b, 3, op.i64Eq)
    this.#writer.byte(op.i32And)
    this.#pair(a, b, 3, op.i64LtS)
    this.#writer.byte(op.i32Or)
    return this.#truth()
  }

  equal(first: Word, second: Word): Word {
    this.any(this.bitwise(op.i64Xor, first, second))
    this.#writer.byte(op.i64Eqz)
    return this.#truth()
  }

  isZero(word: Word): Word {
    this.any(word)
    this.#writer.byte(op.i64Eqz)
    return this.#truth()
  }

  /** Puts the OR of all limbs on the stack of WebAssembly: 0 only for the word 0. */
  any(word: Word): void {
    const count = Math.max(1, this.#stack.limbs(word))
    this.#stack.limb(word, 0)
    for (let i = 1; i < count; i++) {
      this.#stack.limb(word, i)
      this.#writer.byte(op.i64Or)
    }
  }

  /** Shift to the left by a constant. */
  shiftLeft(word: Word, by: bigint): Word {
    if (by > 255n) return constant(0n)
    if (word.kind === 'constant') return constant(word.value << by)
    const a = this.#stack.inLocals(word)
    const [whole, bits] = [Number(by >> 6n), by & 63n]
    const count = Math.min(4, this.#stack.limbs(a) + whole + (bits === 0n ? 0 : 1))
    return { kind: 'limbs', limbs: this.#shifted(a, count, -whole, -whole - 1, op.i64Shl, op.i64ShrU, bits) }
  }

  /** Shift to the right by a constant, zeros from above. */
  shiftRight(word: Word, by: bigint): Word {
    if (by > 255n) return constant(0n)
    if (word.kind === 'constant') return constant(word.value >> by)
    const a = this.#stack.inLocals(word)
    const [whole, bits] = [Number(by >> 6n), by & 63n]
    const count = Math.max(0, this.#stack.limbs(a) - whole)
    return { kind: 'limbs', limbs: this.#shifted(a, count, whole, whole + 1, op.i64ShrU, op.i64Shl, bits) }
  }

  /** Limbs made of two neighbours: one shifted by `bits`, the other the other way by the rest of 64. */
  #shifted(
    a: Word,
    count: number,
    near: number,
    far: number,
    forth: number,
    back: number,
    bits: bigint,
  ): Limb[] {
    return Array.from({ length: count }, (_, i): Limb => {
      const [main, other] = [i + near, i + far]
      const has = (index: number): boolean => index >= 0 && index < 4 && this.#stack.known(a, index) !== 0n
      if (!has(main) && (!has(other) || bits === 0n)) return 0n
      if (has(main)) {
        this.#stack.limb(a, main)
        if (bits !== 0n) this.#writer.i64Const(bits).byte(forth)
      }
      if (has(other) && bits !== 0n) {
        this.#stack.limb(a, other)
        this.#writer.i64Const(64n - bits).byte(back)
        if (has(main)) this.#writer.byte(op.i64Or)
      }
      return this.#stack.keep()
    })
  }

  /** Puts on the stack whether a < b, looking at `count` limbs. */
  #lessUnsigned(a: Word, b: Word, count: number): void {
    this.#pair(a, b, 0, op.i64LtU)
    for (let i = 1; i < count; i++) {
      this.#pair(a, b, i, op.i64Eq)
      this.#writer.byte(op.i32And)
      this.#pair(a, b, i, op.i64LtU)
      this.#writer.byte(op.i32Or)
    }
  }

  #pair(a: Word, b: Word, index: number, opcode: number): void {
    this.#stack.limb(a, index)
    this.#stack.limb(b, index)
    this.#writer.byte(opcode)
  }

  /** The truth value on the stack of WebAssembly as a word. */
  #truth(): Word {
    this.#writer.byte(op.i64ExtendI32U)
    return { kind: 'limbs', limbs: [this.#stack.keep()] }
  }

  /** A local with whether a sum is below what was added to it: whether it overflowed. */
  #below(sum: Limb | undefined, part: number): number {
    if (typeof sum === 'number') this.#writer.with(op.localGet, sum)
    else this.#writer.i64Const(sum ?? 0n)
    this.#writer.with(op.localGet, part).byte(op.i64LtU).byte(op.i64ExtendI32U)
    return this.#stack.keep()
  }

  #bitsWith(opcode: number, word: Word, index: number, known: bigint): Limb {
    const limb = word.kind === 'limbs' ? (word.limbs[index] ?? 0n) : undefined
    const isNeutral = opcode === op.i64And ? known === limbMask : known === 0n
    if (isNeutral && limb !== undefined) return limb
    if (opcode === op.i64And && known === 0n) return 0n
    this.#stack.limb(word, index)
    this.#writer.i64Const(known).byte(opcode)
    return this.#stack.keep()
  }
}

function constant(value: bigint): Word {
  return { kind: 'constant', value: BigInt.asUintN(256, value) }
}

function applyBits(opcode: number, left: bigint, right: bigint): bigint {
  if (opcode === op.i64And) return left & right
  return opcode === op.i64Or ? left | right : left ^ right
}
