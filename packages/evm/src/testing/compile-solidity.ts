import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { bytesToHex, toBytes, type Hex } from '../bytes.ts'
import { keccak_256 } from '@noble/hashes/sha3.js'

type Compiler = {
  readonly compile: (
    input: string,
    callbacks: { import: (path: string) => { readonly contents: string } },
  ) => string
}
type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>
}
type CompiledContract = { readonly evm: { readonly deployedBytecode: { readonly object: string } } }

/** Runtime bytecode of every contract in contracts/, by name. */
export function compileContracts(): ReadonlyMap<string, Uint8Array> {
  const folder = new URL('../../contracts/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.sol'))
  const sources = Object.fromEntries(
    names.map((name) => [name, { content: readFileSync(new URL(name, folder), 'utf8') }]),
  )
  const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } },
  }
  // The compiler has no types; this is its documented form.
  const require = createRequire(import.meta.url)
  const compiler = require('solc') as Compiler
  const input = JSON.stringify({ language: 'Solidity', sources, settings })
  const callbacks = { import: (path: string) => ({ contents: readFileSync(require.resolve(path), 'utf8') }) }
  const output = JSON.parse(compiler.compile(input, callbacks)) as Output
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const found = Object.values(output.contracts).flatMap((file) => Object.entries(file))
  return new Map(found.map(([name, { evm }]) => [name, toBytes(`0x${evm.deployedBytecode.object}`, name)]))
}

/** Call data: selector and arguments, each a word or, in brackets, what stands behind the offsets. */
export function encodeCall(
  signature: string,
  ...args: readonly (bigint | Uint8Array | readonly bigint[])[]
): Uint8Array {
  const head: Hex[] = []
  const tail: Hex[] = []
  let at = args.length * 32
  for (const arg of args) {
    if (typeof arg === 'bigint') {
      head.push(word(arg))
      continue
    }
    const body =
      arg instanceof Uint8Array
        ? bytesTail(arg)
        : `${word(BigInt(arg.length))}${arg.map((item) => word(item).slice(2)).join('')}`
    head.push(word(BigInt(at)))
    tail.push(body as Hex)
    at += (body.length - 2) / 2
  }
  const words = [...head, ...tail].map((hex) => hex.slice(2)).join('')
  return toBytes(`0x${bytesToHex(selector(signature)).slice(2)}${words}`, signature)
}

function selector(signature: string): Uint8Array {
  return keccak_256(new TextEncoder().encode(signature)).subarray(0, 4)
}

function bytesTail(bytes: Uint8Array): Hex {
  const padded = new Uint8Array(Math.ceil(bytes.length / 32) * 32)
  padded.set(bytes)
  return `${word(BigInt(bytes.length))}${bytesToHex(padded).slice(2)}`
}

/** Slot of a mapping's entry. */
export function mappingSlot(slot: bigint, ...keys: readonly bigint[]): bigint {
  return keys.reduce(
    (at, key) => BigInt(bytesToHex(keccak_256(toBytes(`${word(key)}${word(at).slice(2)}`, 'key')))),
    slot,
  )
}

/** Slot of the first item of an array. */
export function arraySlot(slot: bigint): bigint {
  return BigInt(bytesToHex(keccak_256(toBytes(word(slot), 'slot'))))
}

function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}
