import { bytesToHex, toBytes, type Hex } from '../bytes.ts'
import { contracts, nobody, wallet } from './program.ts'
import { assemble } from './tiny-assembler.ts'

/** A call of the first contract in a world of three. */
export type VectorProgram = {
  readonly family: 'arithmetic' | 'bitwise' | 'memory' | 'flow' | 'hash' | 'call'
  readonly name: string
  readonly codes: readonly Hex[]
  readonly data: Hex
  readonly gas: number
}

/** The programs of `vectors/static-calls.generated.json`, which holds what the reference engine makes of them. */
export function vectorPrograms(): readonly VectorProgram[] {
  return [...operations(), ...memory(), ...flow(), ...hashes(), ...calls()]
}

const max = 2n ** 256n - 1n
/** Triples of operands where arithmetic in parts, signs, shifts and overflow go wrong. */
const operands: readonly (readonly [bigint, bigint, bigint])[] = [
  [0n, 0n, 0n],
  [1n, 0n, 1n],
  [0n, max, 2n],
  [max, max, max],
  [max, 2n, 7n],
  [2n ** 255n, max, 3n],
  [2n ** 255n - 1n, 2n ** 255n, 2n ** 255n],
  [255n, 2n ** 255n, 10n ** 18n],
  [256n, max, 2n ** 64n],
  [31n, 0xff80n, 2n ** 128n],
  [0n, 0x80n, 1n],
  [1n, 0x7fffn, 5n],
  [2n ** 64n - 1n, 2n ** 64n + 1n, 2n ** 127n - 1n],
  [10n ** 18n, 3n * 10n ** 60n, 10n ** 27n],
  [2n ** 128n, 2n ** 128n - 1n, 2n ** 129n + 5n],
  [max - 9n, 3n, max - 1n],
]
const arithmetic = 'ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND LT GT SLT SGT EQ ISZERO'
const bitwise = 'AND OR XOR NOT BYTE SHL SHR SAR CLZ'

/** Each instruction on all operands, its results side by side. */
function operations(): readonly VectorProgram[] {
  const data = `0x${operands.flat().map(word).join('')}` as const
  const make = (family: 'arithmetic' | 'bitwise') => (name: string) => {
    const steps = operands.map((_, index) => {
      const load = [2, 1, 0].map((at) => `${hex(index * 96 + at * 32)} CALLDATALOAD`)
      return `${load.join(' ')} ${name} ${hex(index * 32)} MSTORE`
    })
    const code = assemble(`${steps.join(' ')} ${hex(operands.length * 32)} 0x0 RETURN`)
    return program(family, name, [code], data, 200_000)
  }
  return [...arithmetic.split(' ').map(make('arithmetic')), ...bitwise.split(' ').map(make('bitwise'))]
}

function memory(): readonly VectorProgram[] {
  const data = `0x${Array.from({ length: 100 }, (_, index) => byte(index * 7)).join('')}` as const
  const whole = 'MSIZE 0x0 RETURN'
  const sources: readonly (readonly [name: string, source: string, gas?: number])[] = [
    ...[0, 1, 31, 32, 33, 95, 1000, 70_000].map(
      (at) => [`MLOAD at ${at}`, `0x1122334455 0x20 MSTORE ${hex(at)} MLOAD MSIZE ADD return`] as const,
    ),
    ...[0, 1, 31, 63].map((at) => [`MSTORE at ${at}`, `${hex(max)} ${hex(at)} MSTORE ${whole}`] as const),
    ...[0, 31, 32, 99].map((at) => [`MSTORE8 at ${at}`, `0x1234 ${hex(at)} MSTORE8 ${whole}`] as const),
    ...[
      [0, 0, 0],
      [0, 0, 100],
      [5, 50, 100],
      [0, 99, 3],
      [3, 200, 40],
      [7, 2 ** 40, 33],
    ].map(
      ([to = 0, from = 0, size = 0]) =>
        [
          `CALLDATACOPY ${to} ${from} ${size}`,
          `${hex(size)} ${hex(from)} ${hex(to)} CALLDATACOPY ${whole}`,
        ] as const,
    ),
    ...[
      [0, 0, 20],
      [1, 5, 64],
      [0, 1000, 8],
    ].map(
      ([to = 0, from = 0, size = 0]) =>
        [`CODECOPY ${to} ${from} ${size}`, `${hex(size)} ${hex(from)} ${hex(to)} CODECOPY ${whole}`] as const,
    ),
    ...[
      [0, 32, 32],
      [32, 0, 32],
      [0, 1, 60],
      [1, 0, 60],
      [200, 4, 10],
      [4, 200, 10],
      [0, 0, 0],
      [1000, 0, 0],
    ].map(
      ([to = 0, from = 0, size = 0]) =>
        [
          `MCOPY ${to} ${from} ${size}`,
          `0x64 0x0 0x0 CALLDATACOPY ${hex(size)} ${hex(from)} ${hex(to)} MCOPY ${whole}`,
        ] as const,
    ),
    ['CALLDATALOAD behind the end', '0x5a CALLDATALOAD return'],
    ['CALLDATALOAD far behind the end', `${hex(max)} CALLDATALOAD return`],
    ['CALLDATASIZE CODESIZE', 'CALLDATASIZE CODESIZE ADD return'],
    ['RETURNDATACOPY behind the end', '0x1 0x0 0x0 RETURNDATACOPY'],
    ['RETURN of what was never written', '0x64 0x1000 RETURN'],
    ['RETURN far away and empty', `0x0 ${hex(2n ** 100n)} RETURN`],
    ['memory beyond what gas pays', `0x1 ${hex(2n ** 32n)} MSTORE`],
    ['memory beyond 64 bits', `${hex(2n ** 70n)} MLOAD`],
    ['a megabyte', '0x100000 MLOAD MSIZE return', 3_000_000],
    ['a megabyte with too little gas', '0x100000 MLOAD MSIZE return', 2_000_000],
  ]
  return sources.map(([name, source, gas = 100_000]) =>
    program('memory', name, [assemble(source)], data, gas),
  )
}

function flow(): readonly VectorProgram[] {
  const repeat = (source: string, times: number): string => `${source} `.repeat(times)
  // Counts the word of the call data down to zero.
  const loop = '0x0 CALLDATALOAD JUMPDEST 0x1 SWAP1 SUB DUP1 0x3 JUMPI PC return'
  const sources: readonly (readonly [name: string, source: string, gas?: number])[] = [
    ['JUMP to a JUMPDEST', '0x5 JUMP INVALID INVALID JUMPDEST 0x7 return'],
    ['JUMP into push data', '0x4 JUMP 0x5b JUMPDEST'],
    ['JUMP behind the code', '0xff JUMP'],
    ['JUMP beyond 64 bits', `${hex(2n ** 64n + 5n)} JUMP JUMPDEST`],
    ['JUMP to what is no JUMPDEST', '0x3 JUMP STOP JUMPDEST'],
    ['JUMPI taken', '0x1 0x7 JUMPI INVALID INVALID JUMPDEST 0x9 return'],
    ['JUMPI not taken to nowhere', '0x0 0xff JUMPI 0x9 return'],
    ['JUMPI by a word of many bits', `${hex(2n ** 255n)} 0x24 JUMPI JUMPDEST 0x9 return`],
    ['PC', 'PC PC PC ADD ADD return'],
    ['a loop', loop],
    ['a loop without the gas for it', loop, 800],
    ['a loop for ever', 'JUMPDEST 0x0 JUMP', 50_000],
    ['STOP', '0x1 STOP INVALID'],
    ['the end of the code', '0x1 0x2 ADD'],
    ['no code', ''],
    ['REVERT with data', '0xdeadbeef 0x0 MSTORE 0x4 0x1c REVERT'],
    ['REVERT without data', '0x0 0x0 REVERT'],
    ['INVALID', 'INVALID'],
    ['an unknown instruction', 'PUSH0 PUSH0'],
    ['1024 words', `${repeat('0x1', 1023)} 0x2 return`, 30_000],
    ['1025 words', repeat('0x1', 1025), 30_000],
    ['POP of nothing', 'POP'],
    ['ADD of one word', '0x1 ADD'],
    [
      'DUP16 SWAP2',
      `${Array.from({ length: 16 }, (_, index) => hex(index + 1)).join(' ')} DUP16 SWAP2 POP SUB return`,
    ],
    ['a push that the code cuts off', '0x3 JUMP JUMPDEST 0x1122 0x5 return'],
    ['GAS', 'GAS GAS SUB return'],
    ['GAS of none left', 'GAS', 2],
    ...[2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 19].map(
      (gas) => [`sum with ${gas} gas`, '0x1 0x2 ADD return', gas] as const,
    ),
    ...['SSTORE', 'TSTORE', 'LOG0', 'SELFDESTRUCT', 'CREATE', 'CREATE2'].map(
      (name) => [`${name} in a static call`, `0x0 0x0 0x0 0x0 ${name} 0x1 return`] as const,
    ),
    ['SLOAD twice', '0x1 SLOAD 0x1 SLOAD ADD 0x7 SLOAD ADD return'],
    ['TLOAD', '0x1 TLOAD return'],
    ['ADDRESS CALLER CALLVALUE', 'ADDRESS CALLER ADD CALLVALUE ADD return'],
    ['SELFBALANCE', 'SELFBALANCE return'],
  ]
  const programs = sources.map(([name, source, gas = 100_000]) => {
    const code = name === 'an unknown instruction' ? '0x0c' : assemble(source)
    return program('flow', name, [code], `0x${word(40n)}`, gas)
  })
  return [...programs, program('flow', 'PUSH32 cut off', ['0x60016002607f'], '0x', 100_000)]
}

function hashes(): readonly VectorProgram[] {
  const data = `0x${Array.from({ length: 300 }, (_, index) => byte(index * 13)).join('')}` as const
  const sizes = [0, 1, 31, 32, 64, 71, 135, 136, 137, 200, 271, 272, 273, 300]
  return [
    ...sizes.map((size) => {
      const source = `0x12c 0x0 0x0 CALLDATACOPY ${hex(size)} 0x0 KECCAK256 return`
      return program('hash', `KECCAK256 of ${size} bytes`, [assemble(source)], data, 100_000)
    }),
    program(
      'hash',
      'KECCAK256 at 5',
      [assemble('0x12c 0x0 0x0 CALLDATACOPY 0x21 0x5 KECCAK256 return')],
      data,
      100_000,
    ),
    program(
      'hash',
      'KECCAK256 of fresh memory',
      [assemble('0x64 0x1000 KECCAK256 MSIZE ADD return')],
      data,
      100_000,
    ),
    program('hash', 'KECCAK256 without the gas', [assemble('0x2710 0x0 KECCAK256 return')], data, 1_500),
    program(
      'hash',
      'KECCAK256 of nothing far away',
      [assemble(`0x0 ${hex(max)} KECCAK256 return`)],
      data,
      100_000,
    ),
  ]
}

const callKinds = ['STATICCALL', 'CALL', 'DELEGATECALL', 'CALLCODE'] as const

function calls(): readonly VectorProgram[] {
  const [, second, third] = contracts
  const callees: readonly (readonly [name: string, source: string])[] = [
    ['returns', '0x2a 0x0 MSTORE CALLER 0x20 MSTORE 0x40 0x0 RETURN'],
    ['reverts', '0x0badbad0 0x0 MSTORE 0x4 0x1c REVERT'],
    ['halts', 'INVALID'],
    ['stops', 'STOP'],
    ['echoes', 'CALLDATASIZE 0x0 0x0 CALLDATACOPY CALLDATASIZE 0x0 RETURN'],
    ['says its gas', 'GAS return'],
    ['reads a slot', '0x2 SLOAD ADDRESS ADD return'],
    ['writes a slot', '0x1 0x2 SSTORE STOP'],
    ['calls on', `0x0 0x0 0x0 0x0 ${third} GAS STATICCALL GAS ADD return`],
  ]
  const programs = callKinds.flatMap((kind) =>
    callees.map(([name, source]) => {
      const codes = [
        assemble(calling(kind, second, '0xc350')),
        assemble(source),
        assemble('0x5 0x0 MSTORE STOP'),
      ]
      return program('call', `${kind} of what ${name}`, codes, '0x112233', 200_000)
    }),
  )
  const more: readonly (readonly [name: string, source: string, gas?: number])[] = [
    ...callKinds.map((kind) => [`${kind} of a wallet`, calling(kind, wallet, '0xc350')] as const),
    ...callKinds.map((kind) => [`${kind} of nobody`, calling(kind, nobody, '0xc350')] as const),
    ...callKinds.map((kind) => [`${kind} with all gas`, calling(kind, second, 'GAS')] as const),
    ...callKinds.map((kind) => [`${kind} without the gas`, calling(kind, second, '0xffff'), 2_700] as const),
    ['CALL with value', `0x0 0x0 0x0 0x0 0x1 ${second} GAS CALL return`],
    ['CALLCODE with value', `0x0 0x0 0x0 0x0 0x1 ${second} 0xc350 CALLCODE GAS ADD return`],
    ['a call for ever', `0x0 0x0 0x0 0x0 ${contracts[0]} GAS STATICCALL GAS ADD return`, 3_000_000],
    ['EXTCODESIZE', `${second} EXTCODESIZE ${wallet} EXTCODESIZE ADD ${nobody} EXTCODESIZE ADD return`],
    ['EXTCODEHASH', `${second} EXTCODEHASH ${wallet} EXTCODEHASH XOR return`],
    ['EXTCODEHASH of nobody', `${nobody} EXTCODEHASH return`],
    ['EXTCODECOPY', `0x20 0x0 0x0 ${second} EXTCODECOPY MSIZE 0x0 RETURN`],
    ['BALANCE', `${wallet} BALANCE ${second} BALANCE ADD ${nobody} BALANCE ADD return`],
    ['RETURNDATACOPY', `${calling('STATICCALL', second, '0xc350')}`],
    ...precompileCalls(),
  ]
  const echo = assemble('CALLDATASIZE 0x0 0x0 CALLDATACOPY CALLDATASIZE 0x0 RETURN')
  return [
    ...programs,
    ...more.map(([name, source, gas = 200_000]) =>
      program('call', name, [assemble(source), echo, '0x'], '0xaabbccdd', gas),
    ),
  ]
}

/** Calls with the call data and answers success, size and what came back, and what the call left of the gas. */
function calling(kind: (typeof callKinds)[number], target: Hex, gas: string): string {
  const value = kind === 'CALL' || kind === 'CALLCODE' ? '0x0' : ''
  return `
    CALLDATASIZE 0x0 0x80 CALLDATACOPY
    0x20 0x60 CALLDATASIZE 0x80 ${value} ${target} ${gas} ${kind} 0x0 MSTORE
    RETURNDATASIZE 0x20 MSTORE GAS 0x40 MSTORE
    RETURNDATASIZE 0x0 0xa0 RETURNDATACOPY RETURNDATASIZE 0xa0 ADD 0x0 RETURN`
}

function precompileCalls(): readonly (readonly [name: string, source: string])[] {
  return [1, 2, 3, 4, 5, 9].flatMap((number) =>
    (['0xffff', '0x10'] as const).map(
      (gas) =>
        [
          `precompile ${number} with ${gas} gas`,
          `0x2a 0x0 MSTORE 0x7 0x40 MSTORE 0x40 0x100 0x60 0x0 ${hex(number)} ${gas} STATICCALL
          0x140 MSTORE RETURNDATASIZE 0x160 MSTORE GAS 0x180 MSTORE 0xa0 0x100 RETURN`,
        ] as const,
    ),
  )
}

function program(
  family: VectorProgram['family'],
  name: string,
  codes: readonly Hex[],
  data: Hex,
  gas: number,
): VectorProgram {
  return { family, name, codes: [...codes, ...(['0x', '0x', '0x'] as const)].slice(0, 3), data, gas }
}

function word(value: bigint): string {
  return value.toString(16).padStart(64, '0')
}

function byte(value: number): string {
  return bytesToHex(toBytes(`0x${(value & 0xff).toString(16).padStart(2, '0')}`, 'byte')).slice(2)
}

function hex(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}
