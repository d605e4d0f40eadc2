import { AbiView } from './abi-view.ts'
import type { Bytes32, Hex } from './hex.ts'
import type { Evaluation } from './interpreter.ts'
import type { Evaluable } from './order.ts'

/** Of `eval4((address,uint256,bytes,uint256,bytes32[][],bytes32[],bytes32[]))`. */
const evalSelector = 'd04dfe23'
const headWords = 7
/** The inputs and the overlay: two empty arrays. */
const emptyArrays = '0'.repeat(128)

type Prefix = { readonly fqn: Bytes32; readonly calculate: string; readonly handle: string }

/** The part of the call that only depends on the order, kept as long as the order's program is. */
const prefixes = new WeakMap<Evaluable, Prefix>()

/**
 * The call of an interpreter's `eval4` for an evaluation.
 *
 * The overlay stays empty: an interpreter echoes what it finds there as writes, and runs out of gas on some
 * hundred words of it. Words are answered through the store.
 */
export function encodeEval({ evaluable, fqn, entryPoint, context }: Evaluation): Hex {
  const kept = prefixes.get(evaluable)
  const prefix = kept?.fqn === fqn ? kept : makePrefix(evaluable, fqn)
  const start = entryPoint === 'calculate-io' ? prefix.calculate : prefix.handle
  const contextAt = headWords * 32 + bytesSize(evaluable)
  const words = encodeMatrix(context)
  const inputsAt = contextAt + words.length / 2
  return `0x${start}${offset(contextAt)}${offset(inputsAt)}${offset(inputsAt + 32)}${bytesOf(evaluable)}${words}${emptyArrays}`
}

/**
 * What an interpreter returned: `(bytes32[] stack, bytes32[] writes)`.
 *
 * @throws {RangeError} when it is not that.
 */
export function decodeEval(output: Hex): {
  readonly stack: readonly Bytes32[]
  readonly writes: readonly Bytes32[]
} {
  const view = new AbiView(output)
  const words = (at: number): Bytes32[] => view.array(at, 1, (items, itemAt) => items.word(itemAt))
  return { stack: words(0), writes: words(1) }
}

function makePrefix(evaluable: Evaluable, fqn: Bytes32): Prefix {
  const tuple = evalSelector + offset(32) + evaluable.store.slice(2).padStart(64, '0') + fqn.slice(2)
  const start = tuple + offset(headWords * 32)
  const prefix = { fqn, calculate: start + offset(0), handle: start + offset(1) }
  prefixes.set(evaluable, prefix)
  return prefix
}

function bytesOf({ bytecode }: Evaluable): string {
  const digits = bytecode.slice(2)
  return offset(digits.length / 2) + digits.padEnd(Math.ceil(digits.length / 64) * 64, '0')
}

function bytesSize({ bytecode }: Evaluable): number {
  return 32 + Math.ceil((bytecode.length - 2) / 64) * 32
}

function encodeMatrix(columns: readonly (readonly Bytes32[])[]): string {
  let at = columns.length * 32
  let offsets = offset(columns.length)
  let bodies = ''
  for (const column of columns) {
    offsets += offset(at)
    bodies += offset(column.length)
    for (const word of column) bodies += word.slice(2)
    at += 32 + column.length * 32
  }
  return offsets + bodies
}

/** Words of small counts: a call has a dozen of them, and writing one anew costs as much as the rest of it. */
const countWords: string[] = []

function offset(count: number): string {
  const known = countWords[count]
  if (known !== undefined) return known
  const word = count.toString(16).padStart(64, '0')
  if (count < 4_096) countWords[count] = word
  return word
}
