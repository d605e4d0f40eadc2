import { hexToBytes } from '@noble/hashes/utils.js'
import { AbiView } from './abi-view.ts'
import type { Bytes32, Hex } from './hex.ts'
import type { Evaluation } from './interpreter.ts'
import type { Evaluable } from './order.ts'

/** Of `eval4((address,uint256,bytes,uint256,bytes32[][],bytes32[],bytes32[]))`. */
const evalSelector = 'd04dfe23'
const headWords = 7
/** The inputs and the overlay: two empty arrays. */
const emptyArrays = '0'.repeat(128)

/** A call with the places of its context words, to be changed where the next call differs. */
type Template = {
  readonly bytes: Uint8Array
  readonly words: Bytes32[]
  /** Where each word begins in `bytes`. */
  readonly places: readonly number[]
}

/** By program, and within it by what decides the layout; shapes differ only in what is signed. */
const templates = new WeakMap<Evaluable, Map<string, Template>>()
const mostShapes = 8

/**
 * The call of an interpreter's `eval4` for an evaluation.
 *
 * The overlay stays empty: an interpreter echoes what it finds there as writes, and runs out of gas on some
 * hundred words of it. Words are answered through the store.
 *
 * @returns bytes that are good until the next call for the same program: from one quote to the next only some
 * words of the context differ, and only those are written.
 */
export function encodeEval(evaluation: Evaluation): Uint8Array {
  const { evaluable, fqn, entryPoint, context } = evaluation
  const shapes = templates.get(evaluable) ?? new Map<string, Template>()
  templates.set(evaluable, shapes)
  const shape = `${entryPoint} ${fqn} ${context.map((column) => column.length).join()}`
  const kept = shapes.get(shape)
  if (kept !== undefined) return updated(kept, context)
  if (shapes.size >= mostShapes) shapes.clear()
  const template = createTemplate(evaluation)
  shapes.set(shape, template)
  return template.bytes
}

function updated({ bytes, words, places }: Template, context: Evaluation['context']): Uint8Array {
  let at = 0
  for (const column of context) {
    for (const word of column) {
      if (words[at] !== word) {
        bytes.set(hexToBytes(word.slice(2)), places[at])
        words[at] = word
      }
      at++
    }
  }
  return bytes
}

function createTemplate({ evaluable, fqn, entryPoint, context }: Evaluation): Template {
  const contextAt = headWords * 32 + bytesSize(evaluable)
  const matrix = encodeMatrix(context)
  const inputsAt = contextAt + matrix.length / 2
  const head = [
    evaluable.store.slice(2).padStart(64, '0'),
    fqn.slice(2),
    offset(headWords * 32),
    offset(entryPoint === 'calculate-io' ? 0 : 1),
    offset(contextAt),
    offset(inputsAt),
    offset(inputsAt + 32),
  ]
  const text = evalSelector + offset(32) + head.join('') + bytesOf(evaluable) + matrix + emptyArrays
  return { bytes: hexToBytes(text), words: context.flat(), places: wordPlaces(context, 4 + 32 + contextAt) }
}

/** Where the words of a matrix stand, behind its count, its offsets and the count of each column. */
function wordPlaces(context: Evaluation['context'], matrixAt: number): readonly number[] {
  let at = matrixAt + 32 + 32 * context.length
  return context.flatMap((column) => {
    const first = at + 32
    at = first + 32 * column.length
    return column.map((_, row) => first + 32 * row)
  })
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
