import { i64, op, vector, type WasmWriter } from './wasm-writer.ts'

/** A limb of a word: the number of a local, or a constant. */
export type Limb = number | bigint

/**
 * A word that a block computes with. `home` stands where the block found it, at that index of the stack in memory;
 * `limbs` has its limbs, lowest first, and is zero above them.
 */
export type Word =
  | { readonly kind: 'constant'; readonly value: bigint }
  | { readonly kind: 'home'; readonly index: number }
  | { readonly kind: 'limbs'; readonly limbs: readonly Limb[] }

const limbMask = (1n << 64n) - 1n

/** Hands out locals of a function; those of a block are free again when it ends. */
export class Locals {
  readonly #first: number
  #next: number
  #most: number

  constructor(first: number) {
    this.#first = first
    this.#next = first
    this.#most = first
  }

  take(): number {
    const local = this.#next++
    this.#most = Math.max(this.#most, this.#next)
    return local
  }

  freeAll(): void {
    this.#next = this.#first
  }

  /** How many of them a function has to declare, as a run of one type. */
  declaration(): readonly [count: number, type: number] {
    return [this.#most - this.#first, i64]
  }
}

/** Index of the first word above what was on the stack when compiled code was entered. */
export const startHeight = 1024

/**
 * The stack while instructions are compiled. Words that did not change stay in memory and are not touched; the others
 * are written back where compiled code ends or something looks at the stack in memory. Index 0 is `base` in memory.
 */
export class SymbolicStack {
  readonly #writer: WasmWriter
  readonly #locals: Locals
  readonly #base: number
  /** Words from `floor` upwards; those below are as they were. */
  readonly #words: Word[]
  #floor: number

  constructor(
    writer: WasmWriter,
    locals: Locals,
    base: number,
    words: readonly Word[] = [],
    floor = startHeight,
  ) {
    this.#writer = writer
    this.#locals = locals
    this.#base = base
    this.#words = [...words]
    this.#floor = floor
  }

  /** A copy, to write back on a way that leaves while this one goes on. */
  copy(): SymbolicStack {
    return new SymbolicStack(this.#writer, this.#locals, this.#base, this.#words, this.#floor)
  }

  get height(): number {
    return this.#floor + this.#words.length
  }

  push(word: Word): void {
    this.#words.push(word)
  }

  pop(): Word {
    this.#reach(0)
    return this.#words.pop() ?? fail()
  }

  peek(depth: number): Word {
    this.#reach(depth)
    return this.#words[this.#words.length - 1 - depth] ?? fail()
  }

  swap(depth: number): void {
    this.#reach(depth)
    const [top, other] = [this.#words.length - 1, this.#words.length - 1 - depth]
    const [first, second] = [this.#words[top] ?? fail(), this.#words[other] ?? fail()]
    this.#words[top] = second
    this.#words[other] = first
  }

  /** Puts limb `index` of a word on the stack of WebAssembly. */
  limb(word: Word, index: number): void {
    switch (word.kind) {
      case 'constant':
        this.#writer.i64Const(limbOf(word.value, index))
        return
      case 'home':
        this.#writer.with(op.localGet, this.#base).memory(op.i64Load, word.index * 32 + index * 8)
        return
      case 'limbs': {
        const limb = word.limbs[index] ?? 0n
        if (typeof limb === 'bigint') this.#writer.i64Const(limb)
        else this.#writer.with(op.localGet, limb)
      }
    }
  }

  /** A limb whose value is known now. */
  known(word: Word, index: number): bigint | undefined {
    if (word.kind === 'home') return undefined
    if (word.kind === 'constant') return limbOf(word.value, index)
    const limb = word.limbs[index] ?? 0n
    return typeof limb === 'bigint' ? limb : undefined
  }

  /** How many limbs of a word may be other than zero. */
  limbs(word: Word): number {
    switch (word.kind) {
      case 'constant':
        return limbCount(word.value)
      case 'home':
        return 4
      case 'limbs':
        return word.limbs.length
    }
  }

  /** The word with its limbs where they may be read often: in locals, or constant. */
  inLocals(word: Word): Word {
    if (word.kind !== 'home') return word
    const limbs = [0, 1, 2, 3].map((index) => {
      this.limb(word, index)
      return this.keep()
    })
    return { kind: 'limbs', limbs }
  }

  /** A new local with what is on the stack of WebAssembly. */
  keep(): number {
    const local = this.#locals.take()
    this.#writer.with(op.localSet, local)
    return local
  }

  /** Moves words out of homes from `from` upwards that are not their own, because those are about to be taken. */
  evict(from: number): void {
    this.#words.forEach((word, at) => {
      if (word.kind === 'home' && word.index !== this.#floor + at && word.index >= from) {
        this.#words[at] = this.inLocals(word)
      }
    })
  }

  /** Writes all words from `from` upwards to where they belong in memory. */
  flush(from = 0): void {
    this.evict(from)
    for (let index = Math.max(from, this.#floor); index < this.height; index++) this.#writeHome(index)
  }

  /** The word at `index` was written to memory by someone else. */
  setHome(index: number): void {
    this.#words[index - this.#floor] = { kind: 'home', index }
  }

  /** Makes sure that the word at a depth is among the words. */
  #reach(depth: number): void {
    while (this.#words.length <= depth) {
      this.#floor--
      this.#words.unshift({ kind: 'home', index: this.#floor })
    }
  }

  #writeHome(index: number): void {
    const word = this.#words[index - this.#floor] ?? fail()
    if (word.kind === 'home' && word.index === index) return
    for (const pair of [0, 2]) this.#writePair(word, index, pair)
    this.setHome(index)
  }

  #writePair(word: Word, index: number, pair: number): void {
    const w = this.#writer.with(op.localGet, this.#base)
    const at = index * 32 + pair * 8
    const [low, high] = [this.known(word, pair), this.known(word, pair + 1)]
    if (word.kind === 'home') {
      w.with(op.localGet, this.#base).vectorMemory(vector.load, word.index * 32 + pair * 8)
      w.vectorMemory(vector.store, at)
    } else if (low !== undefined && high !== undefined) {
      w.vectorConst(low, high).vectorMemory(vector.store, at)
    } else {
      this.limb(word, pair)
      w.memory(op.i64Store, at).with(op.localGet, this.#base)
      this.limb(word, pair + 1)
      w.memory(op.i64Store, at + 8)
    }
  }
}

/** Limb of a constant. */
function limbOf(value: bigint, index: number): bigint {
  return (value >> BigInt(64 * index)) & limbMask
}

function limbCount(value: bigint): number {
  return value === 0n ? 0 : Math.ceil(value.toString(16).length / 16)
}

function fail(): never {
  throw new RangeError('the block is lower than it said')
}
