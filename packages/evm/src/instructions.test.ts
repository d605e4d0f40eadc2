import { expect, test } from 'vitest'
import { compare, Pairs } from './testing/differential.ts'
import { pureInstructions } from './testing/instructions.ts'
import { edges } from './testing/operands.ts'
import { precompileInput } from './testing/precompile-inputs.ts'
import { CodeWriter } from './testing/code-writer.ts'
import type { Program } from './testing/program.ts'
import { Random } from './testing/random.ts'
import { assemble } from './testing/tiny-assembler.ts'
import { toBytes } from './bytes.ts'

const pairs = new Pairs()
const noCode = new Uint8Array(0)

async function differenceOf(code: Uint8Array, gas = 10_000_000n) {
  const program: Program = {
    fork: 'osaka',
    unknown: 'empty',
    codes: [code, noCode, noCode],
    data: noCode,
    gas,
    edges: false,
  }
  return compare(await pairs.for(program), program)
}

const hex = (value: bigint): string => `0x${value.toString(16)}`

test.each(
  pureInstructions.map(({ opcode, takes }) => [`0x${opcode.toString(16)}`, opcode, takes.length] as const),
)('[EV2] instruction %s agrees on all edge values', async (_, opcode, arity) => {
  const others = arity === 1 ? [0n] : edges
  const third = arity < 3 ? [0n] : [0n, 1n, 7n, 2n ** 64n, 2n ** 255n + 1n, 2n ** 256n - 1n]
  for (const first of edges) {
    for (const last of third) {
      // All results side by side in memory.
      const parts = others.map((second, index) => {
        const operands = [last, second, first]
          .slice(3 - arity)
          .map(hex)
          .join(' ')
        const apply = toBytes(assemble(operands), 'code')
        return [...apply, opcode, ...toBytes(assemble(`${hex(BigInt(index * 32))} MSTORE`), 'code')]
      })
      const end = toBytes(assemble(`${hex(BigInt(others.length * 32))} 0x0 RETURN`), 'code')
      const difference = await differenceOf(Uint8Array.from([...parts.flat(), ...end]))
      expect(difference, `${first} ${last}`).toBeUndefined()
    }
  }
})

test('[EV2] every opcode byte exists or halts as on the reference engine', async () => {
  for (let opcode = 0; opcode < 256; opcode++) {
    // Enough small operands for any instruction, the answer in memory or on top.
    const operands = toBytes(assemble('0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8'), 'code')
    const code = Uint8Array.from([...operands, opcode, ...toBytes(assemble('return'), 'code')])
    expect(await differenceOf(code), `opcode ${opcode.toString(16)}`).toBeUndefined()
  }
})

test('[EV2] the stack holds 1,024 words and no more, and never fewer than none', async () => {
  for (const height of [1022, 1023, 1024, 1025]) {
    for (const last of ['STOP', 'DUP1', 'DUP16', 'ADD', 'PC', 'GAS', '0x7', 'SWAP1', 'SELFBALANCE']) {
      const code = toBytes(assemble(`${'0x1 '.repeat(height)} ${last}`), 'code')
      expect(await differenceOf(code), `${height} ${last}`).toBeUndefined()
    }
  }
  for (let opcode = 0; opcode < 256; opcode++) {
    for (const height of [0, 1, 2, 3, 5, 6, 15, 16]) {
      const code = Uint8Array.from([...toBytes(assemble('0x1 '.repeat(height)), 'code'), opcode])
      expect(await differenceOf(code, 40_000n), `${opcode.toString(16)} on ${height}`).toBeUndefined()
    }
  }
})

test('[EV2] a jump goes only to a JUMPDEST that is not push data', async () => {
  const codes = [
    '0x5 JUMP STOP STOP JUMPDEST',
    '0x4 JUMP 0x5b JUMPDEST',
    '0x5 JUMP 0x5b5b JUMPDEST',
    '0x100 JUMP',
    '0x2 JUMP',
  ]
  for (const source of codes)
    expect(await differenceOf(toBytes(assemble(source), 'code')), source).toBeUndefined()
  // A push that is cut off by the end of the code.
  for (let size = 0x60; size <= 0x7f; size++) {
    expect(
      await differenceOf(Uint8Array.from([0x60, 0x03, 0x56, size, 0x5b, 0x5b])),
      `push ${size}`,
    ).toBeUndefined()
  }
})

test('[EV3] memory costs what it costs at every size', async () => {
  for (const at of [
    0,
    31,
    32,
    33,
    703,
    704,
    705,
    22_528,
    100_000,
    1_000_000,
    2 ** 32 - 32,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 40,
  ]) {
    for (const source of [
      'MLOAD return',
      '0x1 SWAP1 MSTORE MSIZE return',
      '0x1 SWAP1 MSTORE8 MSIZE return',
      '0x20 SWAP1 KECCAK256 return',
    ]) {
      expect(
        await differenceOf(toBytes(assemble(`${hex(BigInt(at))} ${source}`), 'code')),
        `${at} ${source}`,
      ).toBeUndefined()
    }
  }
})

test('[EV5] precompiles agree on good and bad input', { timeout: 120_000 }, async () => {
  const random = new Random(5)
  for (let index = 0; index < 400; index++) {
    const writer = new CodeWriter(random, [1n])
    const call = precompileInput(random)
    writer.precompile(call)
    writer.finish()
    expect(await differenceOf(writer.bytes()), `precompile ${call.number} of ${index}`).toBeUndefined()
  }
})
