import type { BasicBlock, Decoded } from './basic-blocks.ts'
import { startHeight, SymbolicStack, type Locals, type Word } from './symbolic-stack.ts'
import {
  frameLocal,
  targetLocal,
  spLocal,
  memSizeLocal,
  baseLocal,
  addressLocal,
  gasLocal,
  vectorLocal,
  startLocal,
  framePc,
  frameSp,
  frameGas,
  frameData,
  frameDataSize,
  frameSelf,
  frameCaller,
  frameCallValue,
  frameStack,
  frameEnd,
  accountAddress,
} from './frame-layout.ts'
import { callHelper, chargingHelpers, helpers } from './helper-functions.ts'
import { largestOffset, MemoryCompiler } from './memory-compiler.ts'
import { halt, haltIf, handsOver } from './outcomes.ts'
import { noValues, op, vector, type WasmWriter } from './wasm-writer.ts'
import { WordCompiler } from './word-compiler.ts'

/** What a block needs to know of the code it stands in. */
export type CodeContext = {
  /** Where the executed form of the code starts in memory. */
  readonly exec: number
  readonly codeSize: number
  /** Where the table from byte to block starts: u16, 0 for none, top bit set for a jump destination. */
  readonly table: number
  readonly blocks: readonly BasicBlock[]
  /** Number of the block that starts at a byte and may be jumped to. */
  readonly targetAt: (at: bigint) => number | undefined
  /** Whether a block only fails, so that the way seldom goes there. */
  readonly isCold: (block: number) => boolean
  /** Instructions that may follow one another in a row, over jumps whose goal is known. */
  readonly mostInRow: number
  /** Number of the block that this code starts with, and of the first block behind this function. */
  readonly first: number
  readonly partEnd: number
}

/**
 * Compiles the way that starts with one block: as long as the next block is known, it goes on with that block, so that
 * words stay where they are over jumps, checks that hold and calls of internal functions.
 */
export class BlockCompiler {
  readonly #writer: WasmWriter
  readonly #context: CodeContext
  readonly #stack: SymbolicStack
  readonly #words: WordCompiler
  readonly #memory: MemoryCompiler
  readonly #onTheWay = new Set<number>()
  #inRow = 0
  /** Gas of instructions that is not charged yet. */
  #owed = 0
  /** Words that are known to be on the stack below, and to fit above, where this way starts. */
  #checkedDepth = 0
  #checkedHeight = startHeight

  constructor(writer: WasmWriter, locals: Locals, context: CodeContext) {
    locals.freeAll()
    this.#writer = writer
    this.#context = context
    this.#stack = new SymbolicStack(writer, locals, baseLocal)
    this.#words = new WordCompiler(writer, this.#stack)
    this.#memory = new MemoryCompiler(writer, this.#stack, this.#words)
  }

  compile(): void {
    const w = this.#writer
    w.with(op.localGet, spLocal)
      .i32Const(startHeight * 32)
      .byte(op.i32Sub)
      .with(op.localTee, baseLocal)
    w.with(op.localGet, frameLocal).byte(op.i32Sub).with(op.localSet, startLocal)
    let number: number | undefined = this.#context.first
    while (number !== undefined) {
      const block: BasicBlock | undefined = this.#context.blocks[number]
      if (block === undefined) throw new RangeError('a block that is not there')
      this.#onTheWay.add(number)
      this.#inRow += block.instructions.length + 1
      this.#enter(block)
      for (const instruction of block.instructions) this.#instruction(instruction)
      number = this.#leave(block, number)
    }
  }

  /** Ends a block: the number of the one that this way goes on with, or undefined when it ends. */
  #leave(block: BasicBlock, number: number): number | undefined {
    const last = block.instructions.at(-1)?.opcode
    if (last === 0x56) return this.#jump()
    if (last === 0x57) return this.#jumpIf(number + 1)
    if (block.leaves) {
      this.#settle()
      this.#handOver(block.end)
      return undefined
    }
    return this.#goOn(number + 1)
  }

  /** Goes on with a block in a row, or by way of the dispatching loop. */
  #goOn(number: number): number | undefined {
    if (this.#inRow < this.#context.mostInRow && !this.#onTheWay.has(number)) return number
    this.#settle()
    this.#goTo(number, 0)
    return undefined
  }

  /** Notes the gas of a block and checks that the stack has what it takes and room for what it leaves. */
  #enter({ gas, needs, grows }: BasicBlock): void {
    const w = this.#writer
    this.#owed += gas
    const depth = startHeight - this.#stack.height + needs
    if (needs > 0 && depth > this.#checkedDepth) {
      this.#checkedDepth = depth
      w.with(op.localGet, startLocal)
        .i32Const(frameStack + (depth - startHeight) * 32)
        .byte(op.i32LtS)
      haltIf(this.#writer)
    }
    const height = this.#stack.height + grows
    if (grows > 0 && height > this.#checkedHeight) {
      this.#checkedHeight = height
      w.i32Const(frameEnd - height * 32)
        .with(op.localGet, startLocal)
        .byte(op.i32LtS)
      haltIf(this.#writer)
    }
  }

  /** Charges what is owed. */
  #charge(): void {
    if (this.#owed === 0) return
    const w = this.#writer.with(op.localGet, gasLocal).i64Const(BigInt(this.#owed)).byte(op.i64Sub)
    w.with(op.localTee, gasLocal).i64Const(0n).byte(op.i64LtS)
    haltIf(this.#writer)
    this.#owed = 0
  }

  #instruction({ opcode, value, at }: Decoded): void {
    const stack = this.#stack
    if (opcode >= 0x5f && opcode <= 0x7f) return stack.push({ kind: 'constant', value })
    if (opcode >= 0x80 && opcode <= 0x8f) return stack.push(stack.peek(opcode - 0x80))
    if (opcode >= 0x90 && opcode <= 0x9f) return stack.swap(opcode - 0x8f)
    switch (opcode) {
      case 0x01:
        return this.#binary((a, b) => this.#words.add(a, b))
      case 0x03:
        return this.#binary((a, b) => this.#words.sub(a, b))
      case 0x10:
        return this.#binary((a, b) => this.#words.less(a, b))
      case 0x11:
        return this.#binary((a, b) => this.#words.less(b, a))
      case 0x12:
        return this.#binary((a, b) => this.#words.lessSigned(a, b))
      case 0x13:
        return this.#binary((a, b) => this.#words.lessSigned(b, a))
      case 0x14:
        return this.#binary((a, b) => this.#words.equal(a, b))
      case 0x15:
        return stack.push(this.#words.isZero(stack.pop()))
      case 0x16:
        return this.#binary((a, b) => this.#words.bitwise(op.i64And, a, b))
      case 0x17:
        return this.#binary((a, b) => this.#words.bitwise(op.i64Or, a, b))
      case 0x18:
        return this.#binary((a, b) => this.#words.bitwise(op.i64Xor, a, b))
      case 0x19:
        return stack.push(this.#words.not(stack.pop()))
      case 0x30:
        return this.#self()
      case 0x33:
        return this.#fromFrame(frameCaller, 3)
      case 0x34:
        return this.#fromFrame(frameCallValue, 4)
      case 0x35:
        return this.#callDataLoad()
      case 0x36:
        this.#writer.with(op.localGet, frameLocal).memory(op.i64Load32U, frameDataSize)
        return this.#pushKept()
      case 0x38:
        return stack.push({ kind: 'constant', value: BigInt(this.#context.codeSize) })
      case 0x3d:
        callHelper(this.#writer, 'returnDataSize').byte(op.i64ExtendI32U)
        return this.#pushKept()
      case 0x50:
        stack.pop()
        return
      case 0x51:
        return stack.push(this.#memory.load(stack.pop(), this.#owed))
      case 0x52: {
        const where = stack.pop()
        return this.#memory.store(where, stack.pop(), this.#owed)
      }
      case 0x56:
      case 0x57:
        return // the end of the block, see #leave
      case 0x58:
        return stack.push({ kind: 'constant', value: BigInt(at) })
      case 0x59:
        this.#writer.with(op.localGet, memSizeLocal).byte(op.i64ExtendI32U)
        return this.#pushKept()
      case 0x5a:
        this.#charge()
        this.#writer.with(op.localGet, gasLocal)
        return this.#pushKept()
      case 0x5b:
        return
      case 0x32:
      case 0x3a:
      case 0x41:
      case 0x42:
      case 0x43:
      case 0x44:
      case 0x45:
      case 0x46:
      case 0x48:
      case 0x4a:
        return this.#environment(opcode)
      default:
        return chargingHelpers[opcode] === undefined
          ? this.#shiftOrHelper(opcode)
          : this.#chargingHelper(opcode)
    }
  }

  #binary(make: (first: Word, second: Word) => Word): void {
    const first = this.#stack.pop()
    this.#stack.push(make(first, this.#stack.pop()))
  }

  #shiftOrHelper(opcode: number): void {
    const by = this.#stack.peek(0)
    if (by.kind === 'constant' && (opcode === 0x1b || opcode === 0x1c)) {
      this.#stack.pop()
      const word = this.#stack.pop()
      this.#stack.push(
        opcode === 0x1b ? this.#words.shiftLeft(word, by.value) : this.#words.shiftRight(word, by.value),
      )
      return
    }
    const [name, takes] = helpers[opcode] ?? fail()
    const at = this.#stack.height - takes
    this.#stack.flush(at)
    this.#address(at)
    callHelper(this.#writer, name)
    for (let i = 0; i < takes; i++) this.#stack.pop()
    this.#stack.push({ kind: 'home', index: at })
  }

  #chargingHelper(opcode: number): void {
    const w = this.#writer
    const [name, takes, leaves] = chargingHelpers[opcode] ?? fail()
    this.#charge()
    const at = this.#stack.height - takes
    this.#stack.flush(at)
    w.with(op.localGet, frameLocal)
    this.#address(this.#stack.height).with(op.localGet, gasLocal)
    callHelper(this.#writer, name).with(op.localTee, gasLocal).i64Const(0n).byte(op.i64LtS)
    haltIf(this.#writer)
    // Neither a power nor a slot extends memory.
    if (opcode !== 0x0a && opcode !== 0x54) this.#memory.reload()
    for (let i = 0; i < takes; i++) this.#stack.pop()
    if (leaves === 1) this.#stack.push({ kind: 'home', index: at })
  }

  #environment(opcode: number): void {
    // It notes that the block was read, which is true only if there is gas to get here.
    this.#charge()
    const at = this.#stack.height
    this.#stack.evict(at)
    this.#address(at).i32Const(opcode)
    callHelper(this.#writer, 'environmentOf')
    this.#stack.push({ kind: 'home', index: at })
  }

  /** Address of a stack index in memory. */
  #address(index: number): WasmWriter {
    return this.#writer
      .with(op.localGet, baseLocal)
      .i32Const(index * 32)
      .byte(op.i32Add)
  }

  /** Pushes the limb on the stack of WebAssembly as a word. */
  #pushKept(): void {
    this.#stack.push({ kind: 'limbs', limbs: [this.#stack.keep()] })
  }

  #self(): void {
    this.#writer.with(op.localGet, frameLocal).memory(op.i32Load, frameSelf).with(op.localSet, addressLocal)
    this.#limbsAt(addressLocal, accountAddress, 3)
  }

  #fromFrame(field: number, limbs: number): void {
    this.#limbsAt(frameLocal, field, limbs)
  }

  #limbsAt(local: number, offset: number, count: number): void {
    const limbs = Array.from({ length: count }, (_, index) => {
      this.#writer.with(op.localGet, local).memory(op.i64Load, offset + index * 8)
      return this.#stack.keep()
    })
    this.#stack.push({ kind: 'limbs', limbs })
  }

  /** Inline where the offset is known and the data long enough, which is how arguments are read. */
  #callDataLoad(): void {
    const w = this.#writer
    const offset = this.#stack.peek(0)
    const at = this.#stack.height - 1
    if (offset.kind !== 'constant' || offset.value > largestOffset) {
      this.#stack.flush(at)
      this.#address(at).with(op.localGet, frameLocal)
      callHelper(this.#writer, 'callDataWord')
      return
    }
    const from = Number(offset.value)
    this.#stack.evict(at)
    w.with(op.localGet, frameLocal)
      .memory(op.i32Load, frameDataSize)
      .i32Const(from + 32)
      .byte(op.i32LtU)
    w.byte(op.if).byte(noValues)
    for (const limb of [0, 1, 2, 3]) {
      w.with(op.localGet, baseLocal)
        .i64Const(limb === 0 ? offset.value : 0n)
        .memory(op.i64Store, at * 32 + limb * 8)
    }
    this.#address(at).with(op.localGet, frameLocal)
    callHelper(this.#writer, 'callDataWord')
    w.byte(op.else)
    w.with(op.localGet, frameLocal).memory(op.i32Load, frameData).with(op.localSet, addressLocal)
    for (const half of [0, 16]) {
      w.with(op.localGet, baseLocal)
        .with(op.localGet, addressLocal)
        .vectorMemory(vector.load, from + half)
      w.reverse(vectorLocal).vectorMemory(vector.store, at * 32 + 16 - half)
    }
    w.byte(op.end)
    this.#stack.setHome(at)
  }

  #jump(): number | undefined {
    const where = this.#stack.pop()
    const target = where.kind === 'constant' ? this.#context.targetAt(where.value) : undefined
    if (target !== undefined) return this.#goOn(target)
    if (where.kind === 'constant') {
      halt(this.#writer)
      return undefined
    }
    const word = this.#stack.inLocals(where)
    this.#settle()
    this.#goToWord(word, 0)
    return undefined
  }

  #jumpIf(next: number): number | undefined {
    const w = this.#writer
    const where = this.#stack.pop()
    this.#words.any(this.#stack.pop())
    const condition = this.#stack.keep()
    const target = where.kind === 'constant' ? this.#context.targetAt(where.value) : undefined
    const word = this.#stack.inLocals(where)
    // The way goes on where the contract mostly does: over what only fails.
    const jumpsOn = target !== undefined && this.#context.isCold(next)
    w.with(op.localGet, condition).byte(op.i64Eqz)
    if (!jumpsOn) w.byte(op.i32Eqz)
    w.byte(op.if).byte(noValues)
    if (where.kind === 'constant' && target === undefined) {
      halt(this.#writer)
    } else {
      const owed = this.#owed
      this.#settle(this.#stack.copy())
      if (jumpsOn) this.#goTo(next, 1)
      else if (target === undefined) this.#goToWord(word, 1)
      else this.#goTo(target, 1)
      this.#owed = owed
    }
    w.byte(op.end)
    return this.#goOn(jumpsOn ? target : next)
  }

  /** Goes to a block from `depth` labels inside this code: straight to a later one, else by way of the loop. */
  #goTo(target: number, depth: number): void {
    const { first, partEnd } = this.#context
    if (target > first && target < partEnd) {
      this.#writer.with(op.br, target - first - 1 + depth)
      return
    }
    this.#writer.i32Const(target).with(op.localSet, targetLocal)
    this.#dispatch(depth)
  }

  /** Goes to the block in a local, by way of the loop around the blocks that follow in this function. */
  #dispatch(depth: number): void {
    this.#writer.with(op.br, this.#context.partEnd - this.#context.first + depth)
  }

  /** Goes to the block at a byte that is not known before. */
  #goToWord(word: Word, depth: number): void {
    const w = this.#writer
    const high = { kind: 'limbs', limbs: word.kind === 'limbs' ? word.limbs.slice(1) : [] } as const
    this.#words.any(high)
    w.i64Const(0n).byte(op.i64Ne)
    this.#stack.limb(word, 0)
    w.i64Const(BigInt(this.#context.codeSize)).byte(op.i64LtU).byte(op.i32Eqz).byte(op.i32Or)
    haltIf(this.#writer)
    this.#stack.limb(word, 0)
    w.byte(op.i32WrapI64).with(op.localTee, addressLocal).with(op.localGet, addressLocal).byte(op.i32Add)
    w.memory(op.i32Load16U, this.#context.table).with(op.localTee, addressLocal)
    w.i32Const(0x8000).byte(op.i32LtU)
    haltIf(this.#writer)
    w.with(op.localGet, addressLocal).i32Const(0x8001).byte(op.i32Sub).with(op.localSet, targetLocal)
    this.#dispatch(depth)
  }

  /** Charges, and writes the stack to memory, where the next block looks for it. */
  #settle(stack = this.#stack): void {
    this.#charge()
    stack.flush()
    this.#address(stack.height).with(op.localSet, spLocal)
  }

  /** Leaves to the interpreter, which goes on at a byte of the code; the stack is settled. */
  #handOver(at: number): void {
    const w = this.#writer
    w.with(op.localGet, frameLocal)
      .i32Const(this.#context.exec + at)
      .memory(op.i32Store, framePc)
    w.with(op.localGet, frameLocal).with(op.localGet, spLocal).memory(op.i32Store, frameSp)
    w.with(op.localGet, frameLocal).with(op.localGet, gasLocal).memory(op.i64Store, frameGas)
    w.i32Const(handsOver).byte(op.return)
  }
}

function fail(): never {
  throw new RangeError('an instruction that is not compiled')
}
