import { readFileSync } from 'node:fs'
import { bytesToHex, type Hex } from '../bytes.ts'
import type { EvmResult } from '../engine.ts'
import type { VectorProgram } from './vector-programs.ts'

/** A program and how it ends on the reference engine. */
export type Vector = VectorProgram & {
  readonly status: 'ok' | 'revert' | 'halt'
  readonly gasUsed: number
  readonly output: Hex
}

/** Where the vectors are kept: one a line, so that a change shows. */
export const vectorsFile = new URL('../../vectors/static-calls.generated.json', import.meta.url)

export function readVectors(): readonly Vector[] {
  // Written by make-vectors.ts.
  return JSON.parse(readFileSync(vectorsFile, 'utf8')) as readonly Vector[]
}

/** How a call ended, as a vector says it. */
export function endOf({ status, gasUsed, output }: EvmResult): string {
  return `${status} ${gasUsed} ${bytesToHex(output)}`
}
