import { bytesToHex } from '../bytes.ts'
import { compare, Pairs, type Difference } from './differential.ts'
import { makeProgram, type Program } from './program.ts'
import { shrink } from './shrink.ts'

/** What {@link converge} takes. */
export type ConvergeOptions = {
  readonly seed: number
  /** Programs to run. */
  readonly histories: number
  /** A rule to break on purpose, to show that the harness sees it: `EV2`, `EV3` or `EV6` of SPEC.md. */
  readonly without?: string | undefined
  readonly onProgress?: ((historiesDone: number) => void) | undefined
}

/** Runs random programs on the WebAssembly engine and on the reference engine and compares their answers. */
export async function converge({ seed, histories, without, onProgress }: ConvergeOptions) {
  const pairs = new Pairs({ without })
  let wrong = 0
  let report: string | undefined
  for (let index = 0; index < histories; index++) {
    const program = makeProgram(seed, index)
    const difference = await compare(await pairs.for(program), program)
    if (difference !== undefined) {
      wrong++
      report ??= await explain(pairs, program, `seed ${seed}, program ${index}`)
    }
    if (index % 1000 === 999) onProgress?.(index + 1)
  }
  return { histories, wrong, report }
}

async function explain(pairs: Pairs, program: Program, name: string): Promise<string> {
  const differenceOf = async (candidate: Program) => compare(await pairs.for(candidate), candidate)
  const small = await shrink(program, async (candidate) => (await differenceOf(candidate)) !== undefined)
  return [name, describeProgram(small), describeDifference(await differenceOf(small))].join('\n')
}

function describeProgram(program: Program): string {
  const codes = program.codes.map((code) => bytesToHex(code)).join(' ')
  return `${program.fork}, unknown ${program.unknown}, gas ${program.gas}, data ${bytesToHex(program.data)}\ncodes ${codes}`
}

function describeDifference(difference: Difference | undefined): string {
  if (difference === undefined) return 'gone after shrinking'
  return `${difference.what} at gas ${difference.gas}: expected ${difference.expected}, got ${difference.got}`
}
