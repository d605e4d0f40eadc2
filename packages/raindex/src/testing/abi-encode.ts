import { keccakOfBytes } from '../engine/keccak.ts'
import type { Bytes32, Hex } from '../engine/index.ts'

/** A value as the ABI encodes it. */
export type AbiValue =
  | { readonly kind: 'word'; readonly word: Bytes32 }
  | { readonly kind: 'bytes'; readonly bytes: Hex }
  | { readonly kind: 'tuple' | 'array'; readonly items: readonly AbiValue[] }

export const abi = {
  word: (word: Bytes32): AbiValue => ({ kind: 'word', word }),
  number: (value: bigint | number): AbiValue => abi.word(`0x${value.toString(16).padStart(64, '0')}`),
  address: (address: Hex): AbiValue => abi.word(`0x${address.slice(2).padStart(64, '0')}`),
  bytes: (bytes: Hex): AbiValue => ({ kind: 'bytes', bytes }),
  text: (text: string): AbiValue => abi.bytes(`0x${Buffer.from(text).toString('hex')}`),
  tuple: (...items: readonly AbiValue[]): AbiValue => ({ kind: 'tuple', items }),
  array: (items: readonly AbiValue[]): AbiValue => ({ kind: 'array', items }),
} as const

/** Arguments as a function or a constructor takes them. */
export function encodeArguments(args: readonly AbiValue[]): Hex {
  return `0x${encodeItems(args)}`
}

/** The data of a call; the function as the ABI writes it, for example `get(uint256,bytes32)`. */
export function encodeFunction(signature: string, ...args: readonly AbiValue[]): Hex {
  const selector = keccakOfBytes(new TextEncoder().encode(signature)).slice(0, 10)
  return `0x${selector.slice(2)}${encodeItems(args)}`
}

function encodeItems(items: readonly AbiValue[]): string {
  const bodies = items.map((item) => encode(item))
  const headBytes = items.reduce((sum, item, at) => sum + (isDynamic(item) ? 32 : bytesOf(bodies[at])), 0)
  let head = ''
  let tail = ''
  items.forEach((item, at) => {
    const body = bodies[at] ?? ''
    if (!isDynamic(item)) {
      head += body
      return
    }
    head += count(headBytes + tail.length / 2)
    tail += body
  })
  return head + tail
}

function encode(value: AbiValue): string {
  switch (value.kind) {
    case 'word':
      return value.word.slice(2)
    case 'bytes': {
      const digits = value.bytes.slice(2)
      return count(digits.length / 2) + digits.padEnd(Math.ceil(digits.length / 64) * 64, '0')
    }
    case 'tuple':
      return encodeItems(value.items)
    case 'array':
      return count(value.items.length) + encodeItems(value.items)
  }
}

function isDynamic(value: AbiValue): boolean {
  if (value.kind === 'tuple') return value.items.some((item) => isDynamic(item))
  return value.kind !== 'word'
}

function bytesOf(body: string | undefined): number {
  return (body ?? '').length / 2
}

function count(value: number): string {
  return value.toString(16).padStart(64, '0')
}
