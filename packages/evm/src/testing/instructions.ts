import type { OperandKind } from './operands.ts'

/** An instruction, what it takes from the stack (topmost first), and how many words it leaves. */
export type Instruction = {
  readonly opcode: number
  readonly takes: readonly OperandKind[]
  readonly leaves: 0 | 1
}

const word2: readonly OperandKind[] = ['word', 'word']
const word3: readonly OperandKind[] = ['word', 'word', 'word']
const shift2: readonly OperandKind[] = ['shift', 'word']
const callRange: readonly OperandKind[] = ['offset', 'size', 'offset', 'size']

function make(opcode: number, takes: readonly OperandKind[], leaves: 0 | 1 = 1): Instruction {
  return { opcode, takes, leaves }
}

/** Arithmetic, comparison and bits. */
export const pureInstructions: readonly Instruction[] = [
  ...[0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07].map((opcode) => make(opcode, word2)),
  make(0x08, word3),
  make(0x09, word3),
  make(0x0a, ['word', 'exponent']),
  make(0x0b, ['index', 'word']),
  ...[0x10, 0x11, 0x12, 0x13, 0x14].map((opcode) => make(opcode, word2)),
  make(0x15, ['word']),
  ...[0x16, 0x17, 0x18].map((opcode) => make(opcode, word2)),
  make(0x19, ['word']),
  make(0x1a, ['index', 'word']),
  ...[0x1b, 0x1c, 0x1d].map((opcode) => make(opcode, shift2)),
  make(0x1e, ['word']),
]

/** Memory, call data, code, the block and state. */
export const worldInstructions: readonly Instruction[] = [
  make(0x20, ['offset', 'size']),
  ...[0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d].map((opcode) => make(opcode, [])),
  ...[0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4a].map((opcode) => make(opcode, [])),
  ...[0x58, 0x59, 0x5a, 0x5f].map((opcode) => make(opcode, [])),
  make(0x31, ['address']),
  make(0x35, ['offset']),
  make(0x37, ['offset', 'offset', 'size'], 0),
  make(0x39, ['offset', 'offset', 'size'], 0),
  make(0x3b, ['address']),
  make(0x3c, ['address', 'offset', 'offset', 'size'], 0),
  make(0x3e, ['offset', 'index', 'index'], 0),
  make(0x3f, ['address']),
  make(0x40, ['block']),
  make(0x49, ['index']),
  ...[0x51, 0x51].map((opcode) => make(opcode, ['offset'])),
  ...[0x52, 0x52, 0x53].map((opcode) => make(opcode, ['offset', 'word'], 0)),
  ...[0x54, 0x54, 0x5c].map((opcode) => make(opcode, ['slot'])),
  make(0x50, ['word'], 0),
  make(0x5b, [], 0),
  make(0x5e, ['offset', 'offset', 'size'], 0),
]

/** Calls, and copying what they return. */
export const callInstructions: readonly Instruction[] = [
  make(0xf1, ['gas', 'address', 'value', ...callRange]),
  make(0xf2, ['gas', 'address', 'value', ...callRange]),
  make(0xf4, ['gas', 'address', ...callRange]),
  make(0xfa, ['gas', 'address', ...callRange]),
]

/** What ends a frame badly in a static call, or at all. */
export const forbiddenInstructions: readonly Instruction[] = [
  make(0x55, ['slot', 'word'], 0),
  make(0x5d, ['slot', 'word'], 0),
  make(0xa0, ['offset', 'size'], 0),
  make(0xa4, ['offset', 'size', 'word', 'word', 'word', 'word'], 0),
  make(0xf0, ['value', 'offset', 'size']),
  make(0xf5, ['value', 'offset', 'size', 'word']),
  make(0xff, ['address'], 0),
  make(0xfe, [], 0),
  make(0x0c, [], 0),
  make(0xef, [], 0),
]
