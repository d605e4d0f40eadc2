import type { Hardfork } from '../engine.ts'
import { basicBlocks, type BasicBlock } from './basic-blocks.ts'
import { BlockCompiler, type CodeContext } from './block-compiler.ts'
import {
  frameLocal,
  targetLocal,
  spLocal,
  memLocal,
  memSizeLocal,
  gasLocal,
  firstWordLocal,
  fixedLocals,
  framePc,
  frameSp,
  frameGas,
  frameMem,
  frameMemSize,
} from './frame-layout.ts'
import { contractType, functionTypes, helperNames, helperTypes, partType } from './helper-functions.ts'
import { Locals } from './symbolic-stack.ts'
import { i32, noValues, op, WasmWriter } from './wasm-writer.ts'

/** Code as the interpreter holds it in memory. */
export type CodeInMemory = {
  readonly code: Uint8Array
  /** Where its executed form starts. */
  readonly exec: number
  /** Where the table from byte to block is to be written: two bytes for each byte of code, and two more. */
  readonly table: number
}

/** A contract as a WebAssembly module that runs its frames, and the table that module reads. */
export type CompiledContract = { readonly module: Uint8Array<ArrayBuffer>; readonly table: Uint16Array }

/** Blocks in one function. Going from one function to another is dear; compiling very large ones takes too long. */
const blocksInPart = 256

/** Limits of what is compiled, far beyond what compilers of contracts write: hostile code stays interpreted. */
const mostBlocks = 6000
const mostBytes = 2_000_000

/** Instructions in a row, over jumps: more repeat more code than they save. */
const mostInRow = 16

/** Translates at once; see {@link compileInParts}. */
export function compileContract(code: CodeInMemory, fork: Hardfork): CompiledContract | undefined {
  const parts = compileInParts(code, fork)
  for (;;) {
    const step = parts.next()
    if (step.done === true) return step.value
  }
}

/**
 * Translates the bytecode of a contract into a WebAssembly module of its own, some milliseconds a part. Stack shuffling and constants vanish, gas
 * and stack are checked once per block; what it leaves out (calls, other accounts) the interpreter does in between.
 * Undefined for code that is too large to be worth it.
 */
export function* compileInParts(
  { code, exec, table }: CodeInMemory,
  fork: Hardfork,
): Generator<undefined, CompiledContract | undefined, undefined> {
  const blocks = basicBlocks(code, fork)
  if (blocks.length > mostBlocks) return undefined
  const numberAt = new Map(blocks.map((block, index) => [block.start, index]))
  const targetAt = (at: bigint): number | undefined => {
    const number = at < BigInt(code.length) ? numberAt.get(Number(at)) : undefined
    return number !== undefined && blocks[number]?.isTarget === true ? number : undefined
  }
  const isCold = (number: number): boolean => {
    const block = blocks[number]
    const opcode = block?.leaves === true ? code[block.end] : undefined
    return opcode === 0xfd || opcode === 0xfe
  }
  const context = {
    exec,
    codeSize: code.length,
    table,
    blocks,
    targetAt,
    isCold,
    mostInRow,
  }
  const parts: { readonly first: number; readonly body: WasmWriter }[] = []
  let bytes = 0
  for (let first = 0; first < blocks.length; first += blocksInPart) {
    const count = Math.min(blocksInPart, blocks.length - first)
    const body = compilePart(first, count, context)
    parts.push({ first, body })
    bytes += body.length
    if (bytes > mostBytes) return undefined
    yield
  }
  return { module: moduleOf(parts, exec, table), table: tableOf(blocks, code.length) }
}

type PartContext = Omit<CodeContext, 'first' | 'partEnd'>

/** One function: a loop that goes to the block asked for. */
function compilePart(first: number, count: number, context: PartContext): WasmWriter {
  const w = new WasmWriter()
  const locals = new Locals(firstWordLocal)
  loadFrame(w)
  w.byte(op.loop).byte(noValues)
  for (let i = 0; i <= count; i++) w.byte(op.block).byte(noValues)
  w.with(op.localGet, targetLocal).i32Const(first).byte(op.i32Sub)
  w.byte(op.brTable).unsigned(count)
  for (let i = 0; i <= count; i++) w.unsigned(i)
  for (let i = 0; i < count; i++) {
    w.byte(op.end)
    new BlockCompiler(w, locals, { ...context, first: first + i, partEnd: first + count }).compile()
  }
  w.byte(op.end).byte(op.end)
  // The block asked for is in another function.
  w.with(op.localGet, frameLocal).with(op.localGet, spLocal).memory(op.i32Store, frameSp)
  w.with(op.localGet, frameLocal).with(op.localGet, gasLocal).memory(op.i64Store, frameGas)
  w.with(op.localGet, targetLocal).byte(op.end)
  return withLocals([...fixedLocals, locals.declaration()], w)
}

function loadFrame(w: WasmWriter): void {
  w.with(op.localGet, frameLocal).memory(op.i32Load, frameSp).with(op.localSet, spLocal)
  w.with(op.localGet, frameLocal).memory(op.i64Load, frameGas).with(op.localSet, gasLocal)
  w.with(op.localGet, frameLocal).memory(op.i32Load, frameMem).with(op.localSet, memLocal)
  w.with(op.localGet, frameLocal).memory(op.i32Load, frameMemSize).with(op.localSet, memSizeLocal)
}

/** The function that finds the block at the PC of a frame and goes from function to function. */
function compileEntry(parts: readonly { readonly first: number }[], exec: number, table: number): WasmWriter {
  const w = new WasmWriter()
  const target = 1
  // Twice the distance from the start of the code is the place in the table.
  w.with(op.localGet, frameLocal).memory(op.i32Load, framePc).i32Const(exec).byte(op.i32Sub)
  w.with(op.localTee, target).with(op.localGet, target).byte(op.i32Add)
  w.memory(op.i32Load16U, table).i32Const(0x7fff).byte(op.i32And).with(op.localTee, target).byte(op.i32Eqz)
  w.byte(op.if).byte(noValues).i32Const(0).byte(op.return).byte(op.end)
  w.with(op.localGet, target).i32Const(1).byte(op.i32Sub).with(op.localSet, target)
  w.byte(op.loop).byte(noValues)
  parts.forEach((_, index) => {
    const end = parts[index + 1]?.first
    const isLast = end === undefined
    if (!isLast) w.with(op.localGet, target).i32Const(end).byte(op.i32LtS).byte(op.if).byte(noValues)
    w.with(op.localGet, frameLocal)
      .with(op.localGet, target)
      .with(op.call, helperNames.length + index)
    w.with(op.localTee, target).i32Const(0).byte(op.i32LtS).byte(op.if).byte(noValues)
    // -1 hands over, which is 0 for the interpreter; -2 halts, which is 1.
    w.i32Const(-1).with(op.localGet, target).byte(op.i32Sub).byte(op.return).byte(op.end)
    w.with(op.br, isLast ? 0 : 1)
    if (!isLast) w.byte(op.end)
  })
  w.byte(op.end).byte(0x00).byte(op.end)
  return withLocals([[1, i32]], w)
}

function withLocals(runs: readonly (readonly [count: number, type: number])[], body: WasmWriter): WasmWriter {
  const w = new WasmWriter().unsigned(runs.length)
  for (const [count, type] of runs) w.unsigned(count).byte(type)
  return w.bytes(body.done())
}

function moduleOf(
  parts: readonly { readonly first: number; readonly body: WasmWriter }[],
  exec: number,
  table: number,
) {
  const w = new WasmWriter().bytes(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00))
  const section = (id: number, count: number, fill: (inner: WasmWriter) => void): void => {
    const inner = new WasmWriter().unsigned(count)
    fill(inner)
    w.byte(id).sized(inner)
  }
  section(1, functionTypes.length, (inner) => {
    for (const [parameters, results] of functionTypes) {
      inner.byte(0x60).unsigned(parameters.length)
      for (const type of parameters) inner.byte(type)
      inner.unsigned(results.length)
      for (const type of results) inner.byte(type)
    }
  })
  section(2, helperNames.length + 1, (inner) => {
    helperNames.forEach((name) =>
      inner
        .text('evm')
        .text(name)
        .byte(0x00)
        .unsigned(helperTypes[name] ?? 0),
    )
    inner.text('evm').text('memory').byte(0x02).byte(0x00).unsigned(0)
  })
  section(3, parts.length + 1, (inner) => {
    for (const _ of parts) inner.unsigned(partType)
    inner.unsigned(contractType)
  })
  section(7, 1, (inner) =>
    inner
      .text('run')
      .byte(0x00)
      .unsigned(helperNames.length + parts.length),
  )
  section(10, parts.length + 1, (inner) => {
    for (const { body } of parts) inner.sized(body)
    inner.sized(compileEntry(parts, exec, table))
  })
  return w.done()
}

function tableOf(blocks: readonly BasicBlock[], codeSize: number): Uint16Array {
  const table = new Uint16Array(codeSize + 1)
  blocks.forEach((block, index) => {
    table[block.start] = (index + 1) | (block.isTarget ? 0x8000 : 0)
  })
  return table
}
