import {
  callInstructions,
  forbiddenInstructions,
  pureInstructions,
  worldInstructions,
  type Instruction,
} from './instructions.ts'
import { operand } from './operands.ts'
import type { Random } from './random.ts'

/** Input for a precompile that has something to say. */
export type PrecompileCall = { readonly number: bigint; readonly input: Uint8Array }

/** Writes random bytecode that mostly runs: it knows how high the stack is, and pushes what is needed. */
export class CodeWriter {
  readonly #random: Random
  readonly #addresses: readonly [bigint, ...bigint[]]
  readonly #code: number[] = []
  /** Words on the stack for sure. */
  #height = 0

  constructor(random: Random, addresses: readonly [bigint, ...bigint[]]) {
    this.#random = random
    this.#addresses = addresses
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#code)
  }

  /** Instructions one after the other. */
  straight(length: number, kind: 'pure' | 'world'): void {
    for (let i = 0; i < length; i++) {
      if (this.#random.oneIn(80)) this.#instruction(this.#one(forbiddenInstructions))
      else if (this.#random.oneIn(5)) this.#stackShuffle()
      else if (kind === 'pure' || this.#random.oneIn(3)) this.#instruction(this.#one(pureInstructions))
      else this.#instruction(this.#one(worldInstructions))
    }
  }

  /** Skipped blocks, loops that count down, now and then a jump to nowhere. */
  jumping(length: number): void {
    for (let left = length; left > 0; left -= 4) {
      const kind = this.#random.below(10)
      if (kind < 4) this.#skip()
      else if (kind < 8) this.#loop()
      else if (kind === 8) this.straight(4, 'world')
      else if (this.#random.oneIn(4)) this.#wildJump()
    }
  }

  /** Calls of other contracts and precompiles, with a look at what they return. */
  calling(calls: number): void {
    for (let i = 0; i < calls; i++) {
      this.straight(2, 'world')
      this.#instruction(this.#one(callInstructions))
      if (this.#random.oneIn(2)) this.#copyReturn()
    }
  }

  /** The limits of stack, memory and depth. */
  limits(): void {
    const kind = this.#random.below(4)
    if (kind === 0) {
      const words = 1015 + this.#random.below(14)
      for (let i = 0; i < words; i++) this.#code.push(0x5f)
      this.#height += Math.min(words, 1024)
      this.straight(3, 'pure')
    } else if (kind === 1) {
      this.push(BigInt(this.#random.below(300_000)))
      this.#code.push(0x51)
      this.#height++
    } else if (kind === 2) {
      this.#code.push(...[0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x5a], this.#random.pick([0xf4, 0xfa]))
      this.#height++
      this.#copyReturn()
    } else {
      for (let i = 0; i < 5; i++)
        this.#code.push(this.#random.pick([0x50, 0x80, 0x8f, 0x90, 0x9f, 0x01, 0x52]))
    }
  }

  /** Puts the input into memory and calls the precompile. */
  precompile(call: PrecompileCall): void {
    for (let at = 0; at < call.input.length; at += 32) {
      const word = new Uint8Array(32)
      word.set(call.input.subarray(at, at + 32))
      this.#code.push(0x7f, ...word)
      this.push(BigInt(at))
      this.#code.push(0x52)
      this.#height--
    }
    const gas = this.#random.oneIn(6) ? BigInt(this.#random.below(8000)) : 2n ** 64n
    for (const word of [64n, 0n, BigInt(call.input.length), 0n, call.number, gas]) this.push(word)
    this.#code.push(0xfa)
    this.#height -= 5
    this.#copyReturn()
  }

  /** Returns or reverts with the stack, so that every difference on it shows. */
  finish(): void {
    if (this.#random.oneIn(12)) return
    const words = Math.min(this.#height, 1 + this.#random.below(8))
    for (let i = 0; i < words; i++) {
      this.push(BigInt(i * 32))
      this.#code.push(0x52)
    }
    this.push(BigInt(words * 32 + this.#random.below(40)))
    this.push(this.#random.oneIn(4) ? BigInt(this.#random.below(40)) : 0n)
    this.#code.push(this.#random.oneIn(8) ? 0xfd : 0xf3)
  }

  push(value: bigint): void {
    const digits = value.toString(16)
    const hex = digits.length % 2 === 0 ? digits : `0${digits}`
    const needed = value === 0n ? 0 : hex.length / 2
    const size = this.#random.oneIn(15) ? needed + this.#random.below(33 - needed) : needed
    const bytes = hex.padStart(size * 2, '0')
    this.#code.push(0x5f + size)
    for (let i = 0; i < size; i++) this.#code.push(Number.parseInt(bytes.slice(2 * i, 2 * i + 2), 16))
    this.#height++
  }

  #one(instructions: readonly Instruction[]): Instruction {
    return instructions[this.#random.below(instructions.length)] ?? { opcode: 0x5b, takes: [], leaves: 0 }
  }

  #instruction(instruction: Instruction): void {
    const { takes } = instruction
    // Sometimes on what earlier instructions left, mostly on values that fit.
    const reuse =
      takes.every((kind) => kind === 'word') && this.#height >= takes.length && this.#random.oneIn(3)
    if (!reuse) {
      for (const kind of takes.toReversed()) this.push(operand(this.#random, kind, this.#addresses))
    }
    this.#code.push(instruction.opcode)
    this.#height += instruction.leaves - takes.length
  }

  #stackShuffle(): void {
    const depth = Math.min(this.#height, 16)
    if (depth < 2 || this.#random.oneIn(30)) {
      this.#code.push(this.#random.oneIn(2) ? 0x80 + this.#random.below(16) : 0x90 + this.#random.below(16))
    } else if (this.#random.oneIn(2)) {
      this.#code.push(0x80 + this.#random.below(depth))
      this.#height++
    } else {
      this.#code.push(0x90 + this.#random.below(depth - 1))
    }
  }

  #skip(): void {
    this.push(BigInt(this.#random.below(2)))
    const patch = this.#code.length + 1
    this.#code.push(0x61, 0, 0, 0x57)
    this.#height--
    const before = this.#height
    this.straight(2, 'world')
    while (this.#height > before) {
      this.#code.push(0x50)
      this.#height--
    }
    this.#height = Math.min(this.#height, before)
    this.#label(patch)
  }

  #loop(): void {
    const rounds = 1 + this.#random.below(this.#random.oneIn(50) ? 60 : 4)
    this.push(BigInt(rounds))
    const start = this.#code.length
    this.#code.push(0x5b)
    const before = this.#height
    this.straight(2, 'world')
    while (this.#height > before) {
      this.#code.push(0x50)
      this.#height--
    }
    // counter - 1, again while it is not zero
    this.#code.push(0x60, 1, 0x90, 0x03, 0x80, 0x61, start >> 8, start & 255, 0x57)
  }

  #wildJump(): void {
    this.push(
      this.#random.oneIn(3) ? operand(this.#random, 'word', this.#addresses) : BigInt(this.#random.below(90)),
    )
    this.#code.push(0x56)
    this.#height--
  }

  #copyReturn(): void {
    if (this.#random.oneIn(3)) {
      this.#code.push(0x3d)
      this.#height++
    }
    // RETURNDATACOPY(offset, 0, RETURNDATASIZE)
    this.#code.push(0x3d, 0x5f, 0x60, this.#random.below(256), 0x3e)
  }

  #label(patch: number): void {
    this.#code[patch] = this.#code.length >> 8
    this.#code[patch + 1] = this.#code.length & 255
    this.#code.push(0x5b)
  }
}
