import type { Hex } from '../bytes.ts'
import type { EvmState, StaticCall } from '../engine.ts'
import { arraySlot, compileContracts, encodeCall, mappingSlot } from './compile-solidity.ts'
import { Random } from './random.ts'

/** Something to measure or compare: state, and calls that differ from each other. */
export type Workload = { readonly setUp: (state: EvmState) => void; readonly calls: readonly StaticCall[] }

export const addresses = {
  interpreter: '0x1000000000000000000000000000000000000001',
  store: '0x1000000000000000000000000000000000000002',
  token: '0x1000000000000000000000000000000000000003',
  product: '0x1000000000000000000000000000000000000004',
  liquidity: '0x1000000000000000000000000000000000000005',
  caller: '0x1000000000000000000000000000000000000006',
  openZeppelin: '0x1000000000000000000000000000000000000007',
} as const satisfies Readonly<Record<string, Hex>>

const codes = compileContracts()

/** Runtime bytecode of a contract in contracts/. */
export function codeOf(name: string): Uint8Array {
  return codes.get(name) ?? new Uint8Array(0)
}

const one = 10n ** 18n
const namespace = 77n
/** Words of the interpreter contract, in the order of its opcodes. */
const words =
  'push context get set add sub mul div min max greater ensure hash time number dup external'.split(' ')

/**
 * An expression of some fifty words: a price from context, time and stored state, with limits and a counter. A
 * number is the operand of the word before it.
 */
const expression = `
  push 0 get dup 0 push 1 add push 0 set
  push 2 get context 0 mul push 1 add dup 0 context 1 div
  time push 3 mul add number push 4 mul add
  dup 0 push 5 greater ensure 1 context 2 max push 6 min
  dup 0 dup 1 mul push 1 add dup 0 context 0 div add
  context 3 push 7 external add dup 0 dup 2 hash 2 push 8 mul
  push 1 add div push 2 set`

function compile(source: string): Uint8Array {
  const program: number[] = []
  for (const token of source.split(/\s+/).filter((text) => text !== '')) {
    const opcode = words.indexOf(token)
    if (opcode >= 0) program.push(opcode, 0)
    else program[program.length - 1] = Number(token)
  }
  return Uint8Array.from(program)
}

/** The own interpreter contract: some 50,000 gas and 50 dispatches a call. */
export function interpreterWorkload(calls = 64): Workload {
  const program = compile(expression)
  const constants = [1n, one, 2n, 3n * 10n ** 9n, 10n ** 12n, 0n, 50n * one, BigInt(addresses.token), 3n]
  return {
    setUp: (state) => {
      setCodes(state)
      for (const [key, value] of [
        [1n, 5n * one],
        [2n, 3n * one + 7n],
      ] as const) {
        state.setStorage(addresses.store, mappingSlot(0n, namespace, key), value)
      }
      state.setStorage(addresses.token, mappingSlot(0n, BigInt(addresses.caller)), 12_345n * one)
      state.setBlock({ number: 19_000_000n, timestamp: 1_700_000_000n, chainId: 1n })
    },
    calls: Array.from({ length: calls }, (_, index) => {
      const values = [
        one + BigInt(index) * 10n ** 15n,
        2n * one - BigInt(index),
        4n * one,
        BigInt(addresses.caller),
      ]
      const signature = 'eval(address,uint256,bytes,uint256[],uint256[])'
      const data = encodeCall(signature, BigInt(addresses.store), namespace, program, constants, values)
      return { to: addresses.interpreter, from: addresses.caller, data, gas: 3_000_000n }
    }),
  }
}

/** A call of a few instructions: what a call costs besides its instructions. */
export function trivialWorkload(): Workload {
  const to: Hex = '0x1000000000000000000000000000000000000007'
  return {
    // Returns its argument plus one.
    setUp: (state) => state.setCode(to, '0x5f356001015f5260205ff3'),
    calls: Array.from({ length: 64 }, (_, index) => {
      const data = new Uint8Array(32).fill(index)
      return { to, from: addresses.caller, data, gas: 100_000n }
    }),
  }
}

/** Balances of a token. */
export function tokenWorkload(calls = 64): Workload {
  return {
    setUp: (state) => {
      setCodes(state)
      for (let owner = 0n; owner < 64n; owner++)
        state.setStorage(addresses.token, mappingSlot(0n, owner), owner * one)
      state.setStorage(addresses.token, 2n, 1000n * one)
      state.setStorage(addresses.token, 3n, (0x46726573n << 224n) | 8n)
    },
    calls: Array.from({ length: calls }, (_, index) => ({
      to: addresses.token,
      from: addresses.caller,
      data: encodeCall('balanceOf(address)', BigInt(index % 64)),
      gas: 100_000n,
    })),
  }
}

/** What wallets and traders ask of OpenZeppelin's ERC-20, refusals and writes included. */
export function openZeppelinWorkload(): Workload {
  const spender = 7n
  const ask = (signature: string, ...args: readonly bigint[]): StaticCall => ({
    to: addresses.openZeppelin,
    from: addresses.caller,
    data: encodeCall(signature, ...args),
    gas: 100_000n,
  })
  const owners = Array.from({ length: 8 }, (_, owner) => BigInt(owner))
  return {
    setUp: (state) => {
      setCodes(state)
      const owner = BigInt(addresses.caller)
      for (const holder of owners) {
        state.setStorage(addresses.openZeppelin, mappingSlot(0n, holder), (holder + 1n) * one)
      }
      state.setStorage(addresses.openZeppelin, mappingSlot(0n, owner), 50n * one)
      state.setStorage(addresses.openZeppelin, mappingSlot(1n, owner, spender), 9n * one)
      state.setStorage(addresses.openZeppelin, 2n, 1000n * one)
      // "Freshet" and "FRSH" as short strings: the bytes, and twice their length.
      state.setStorage(addresses.openZeppelin, 3n, (0x46726573686574n << 200n) | 14n)
      state.setStorage(addresses.openZeppelin, 4n, (0x46525348n << 224n) | 8n)
    },
    calls: [
      ...owners.map((holder) => ask('balanceOf(address)', holder)),
      ask('allowance(address,address)', BigInt(addresses.caller), spender),
      ask('totalSupply()'),
      ask('decimals()'),
      ask('name()'),
      ask('symbol()'),
      ask('transfer(address,uint256)', spender, 51n * one),
      ask('transfer(address,uint256)', 0n, one),
      ask('transfer(address,uint256)', spender, one),
      ask('transferFrom(address,address,uint256)', BigInt(addresses.caller), spender, one),
      ask('approve(address,uint256)', spender, one),
      ask('noSuchFunction()'),
    ],
  }
}

/** Quotes of both pools for amounts from dust to more than there is. */
export function quoterWorkload(seed: number, calls = 64): Workload {
  const random = new Random(seed)
  return {
    setUp: (state) => {
      setCodes(state)
      state.setStorage(addresses.product, 0n, (3000n << 224n) | ((2000n * one) << 112n) | (1000n * one))
      const q96 = 1n << 96n
      state.setStorage(addresses.liquidity, 0n, 6n)
      const start = arraySlot(0n)
      for (let index = 0n; index < 6n; index++) {
        state.setStorage(addresses.liquidity, start + index * 3n, (q96 * (50n + index * 10n)) / 100n)
        state.setStorage(addresses.liquidity, start + index * 3n + 1n, (q96 * (60n + index * 10n)) / 100n)
        state.setStorage(addresses.liquidity, start + index * 3n + 2n, (index + 1n) * 100n * one)
      }
      state.setStorage(addresses.liquidity, 1n, (q96 * 103n) / 100n)
    },
    calls: Array.from({ length: calls }, (_, index) => {
      const amount = BigInt(random.next()) ** BigInt(1 + random.below(3))
      const product = index % 2 === 0
      const data = product
        ? encodeCall('quote(uint256,bool)', amount, BigInt(random.below(2)))
        : encodeCall('quote(uint256)', amount)
      return {
        to: product ? addresses.product : addresses.liquidity,
        from: addresses.caller,
        data,
        gas: 500_000n,
      }
    }),
  }
}

function setCodes(state: EvmState): void {
  state.setCode(addresses.interpreter, codeOf('Interpreter'))
  state.setCode(addresses.store, codeOf('Store'))
  state.setCode(addresses.token, codeOf('Token'))
  state.setCode(addresses.product, codeOf('ConstantProduct'))
  state.setCode(addresses.liquidity, codeOf('ConcentratedLiquidity'))
  state.setCode(addresses.openZeppelin, codeOf('OpenZeppelinToken'))
  for (const address of Object.values(addresses)) state.setComplete(address)
}
