import type { Hardfork } from '../engine.ts'

/** A run of instructions that is entered only at its start and left only at its end. */
export type BasicBlock = {
  readonly start: number
  /** First byte behind it: behind the end of the code too, when a push is cut off. */
  readonly end: number
  readonly instructions: readonly Decoded[]
  /** Whether a jump may go to it. */
  readonly isTarget: boolean
  /** Whether it hands over to the interpreter at `end`, instead of jumping or going on there. */
  readonly leaves: boolean
  /** Gas of all its instructions, apart from memory. */
  readonly gas: number
  /** Words it needs on the stack, and by how many it may grow above where it started. */
  readonly needs: number
  readonly grows: number
}

/** One instruction and what is pushed. */
export type Decoded = { readonly at: number; readonly opcode: number; readonly value: bigint }

/** Instructions in a block; hostile code has them in thousands, which takes compilers more than linear time. */
const longestBlock = 256

/** What compiled code does itself: gas, words taken, words left. Everything else is left to the interpreter. */
type Native = readonly [gas: number, takes: number, leaves: number]

const native: readonly (Native | undefined)[] = nativeTable()

/** Cuts code into blocks in the order of the code; the last, behind its end, hands over to be stopped. */
export function basicBlocks(code: Uint8Array, fork: Hardfork): readonly BasicBlock[] {
  const blocks: BasicBlock[] = []
  let at = 0
  while (at < code.length) {
    const block = readBlock(code, at, fork)
    blocks.push(block)
    // The one instruction that the interpreter does is skipped: the next block starts behind it.
    at = block.leaves ? block.end + 1 : block.end
  }
  if (blocks.at(-1)?.leaves === false) blocks.push(readBlock(code, code.length, fork))
  return blocks
}

function readBlock(code: Uint8Array, start: number, fork: Hardfork): BasicBlock {
  const instructions: Decoded[] = []
  let [at, gas, height, needs, grows] = [start, 0, 0, 0, 0]
  let leaves = true
  while (at < code.length) {
    const opcode = code[at] ?? 0
    const known = nativeOf(opcode, fork)
    if (known === undefined) break
    if ((opcode === 0x5b && at !== start) || instructions.length === longestBlock) {
      leaves = false
      break
    }
    const [cost, takes, pushes] = known
    gas += cost
    needs = Math.max(needs, takes - height)
    height += pushes - takes
    grows = Math.max(grows, height)
    instructions.push({ at, opcode, value: pushedAt(code, at, opcode) })
    at += sizeAt(code, at)
    // GAS ends a block too, because all gas of a block is charged at its start.
    if (opcode === 0x56 || opcode === 0x57 || opcode === 0x5a) {
      leaves = false
      break
    }
  }
  return { start, end: at, instructions, isTarget: code[start] === 0x5b, leaves, gas, needs, grows }
}

function nativeOf(opcode: number, fork: Hardfork): Native | undefined {
  return opcode === 0x1e && fork !== 'osaka' ? undefined : native[opcode]
}

function sizeAt(code: Uint8Array, at: number): number {
  const opcode = code[at] ?? 0
  return opcode >= 0x60 && opcode <= 0x7f ? opcode - 0x5e : 1
}

function pushedAt(code: Uint8Array, at: number, opcode: number): bigint {
  if (opcode < 0x60 || opcode > 0x7f) return 0n
  let value = 0n
  for (let i = 1; i <= opcode - 0x5f; i++) value = (value << 8n) | BigInt(code[at + i] ?? 0)
  return value
}

function nativeTable(): (Native | undefined)[] {
  const table: (Native | undefined)[] = Array.from({ length: 256 })
  const set = (opcodes: readonly number[], gas: number, takes: number, leaves: number): void => {
    for (const opcode of opcodes) table[opcode] = [gas, takes, leaves]
  }
  set([0x01, 0x03, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1d], 3, 2, 1)
  set([0x02, 0x04, 0x05, 0x06, 0x07, 0x0b], 5, 2, 1)
  set([0x08, 0x09], 8, 3, 1)
  set([0x15, 0x19], 3, 1, 1)
  set([0x1e], 5, 1, 1)
  // ADDRESS CALLER CALLVALUE CALLDATASIZE CODESIZE RETURNDATASIZE PC MSIZE PUSH0
  set([0x30, 0x33, 0x34, 0x36, 0x38, 0x3d, 0x58, 0x59, 0x5f], 2, 0, 1)
  set([0x35, 0x51], 3, 1, 1) // CALLDATALOAD MLOAD
  // ORIGIN GASPRICE COINBASE … CHAINID BASEFEE BLOBBASEFEE GAS
  set([0x32, 0x3a, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x48, 0x4a, 0x5a], 2, 0, 1)
  // What charges for itself: EXP KECCAK256 SLOAD, copies, MSTORE8
  set([0x0a, 0x20], 0, 2, 1)
  set([0x54], 0, 1, 1)
  set([0x37, 0x39, 0x3e, 0x5e], 0, 3, 0)
  set([0x53], 0, 2, 0)
  set([0x50], 2, 1, 0)
  set([0x52], 3, 2, 0)
  set([0x56], 8, 1, 0)
  set([0x57], 10, 2, 0)
  set([0x5b], 1, 0, 0)
  for (let n = 1; n <= 32; n++) set([0x5f + n], 3, 0, 1)
  for (let n = 1; n <= 16; n++) {
    set([0x7f + n], 3, n, n + 1)
    set([0x8f + n], 3, n + 1, n + 1)
  }
  return table
}
