import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { add, div, floatToHex, lt, mul, packLossless, type Float } from '@freshet/raindex/float'
import { benchRow, type BenchRow } from '../bench-row.ts'
import { interleave, median, microsPerOperation } from '../measure.ts'

const rival = '@rainlanguage/float'
const rivalVersion = '0.0.0-alpha.22'
const pairs = 500
const repeats = 40
const operations = { add, mul, div, lt } as const
type Operation = keyof typeof operations
const names: readonly Operation[] = ['add', 'mul', 'div', 'lt']

/**
 * Float arithmetic against the published package, on the same operands in the same process.
 *
 * The package is installed on demand into an ignored folder: its licence and its 3.5 MB have no place among
 * the dependencies of this repository. Needs the npm registry the first time.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const { Float } = loadRival()
  const ours = operands()
  const theirs = ours.map(([a, b]): [RivalFloat, RivalFloat] => [
    valueOf(Float.fromHex(floatToHex(a))),
    valueOf(Float.fromHex(floatToHex(b))),
  ])
  const rows: BenchRow[] = []
  for (const operation of names) {
    compareResults(operation, ours, theirs)
    const figures = await interleave({
      ours: () => measureOurs(operation, ours),
      theirs: () => measureTheirs(operation, theirs),
    })
    const [us, them] = [median(figures.ours), median(figures.theirs)]
    const note = `${us.toFixed(2)} against ${them.toFixed(1)} µs`
    rows.push(
      benchRow({
        name: `${operation}, times as fast`,
        measured: them / us,
        bound: 4,
        better: 'higher',
        note,
      }),
    )
  }
  return rows
}

type RivalResult<T> = { readonly value: T; readonly error?: { readonly readableMsg: string } | undefined }
type RivalFloat = {
  add(b: RivalFloat): RivalResult<RivalFloat>
  mul(b: RivalFloat): RivalResult<RivalFloat>
  div(b: RivalFloat): RivalResult<RivalFloat>
  lt(b: RivalFloat): RivalResult<boolean>
  asHex(): string
  free(): void
}
type Rival = { readonly Float: { fromHex(hex: string): RivalResult<RivalFloat> } }
type Pair<T> = readonly [a: T, b: T]

function loadRival(): Rival {
  const folder = fileURLToPath(new URL('../../.freshet/bench-rainlanguage-float', import.meta.url))
  if (!existsSync(join(folder, 'node_modules', rival))) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const npm = ['install', '--prefix', folder, '--no-workspaces', '--no-audit', '--ignore-scripts']
    execFileSync('npm', [...npm, `${rival}@${rivalVersion}`], { cwd: folder, stdio: 'inherit' })
  }
  // Loaded from the folder above; its own types are not part of this repository's check.
  return createRequire(join(folder, 'package.json'))(rival) as Rival
}

/** Amounts and prices as order books hold them: short decimals, 18-digit amounts, quotients of full length. */
function operands(): readonly Pair<Float>[] {
  let state = 7
  const next = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % bound
  }
  const one = (): Float => {
    const digits = BigInt(1 + next(1_000_000_000)) * BigInt(1 + next(1_000_000_000))
    const kind = next(3)
    if (kind === 0) return packLossless(BigInt(1 + next(100_000)), -next(6))
    if (kind === 1) return packLossless(digits, -18)
    return div(packLossless(digits, -18), packLossless(BigInt(1 + next(1_000)), 0))
  }
  return Array.from({ length: pairs }, () => [one(), one()])
}

function measureOurs(operation: Operation, all: readonly Pair<Float>[]): number {
  const apply = operations[operation]
  return microsPerOperation(pairs * repeats, () => {
    for (let i = 0; i < repeats; i++) for (const [a, b] of all) apply(a, b)
  })
}

function measureTheirs(operation: Operation, all: readonly Pair<RivalFloat>[]): number {
  return microsPerOperation(pairs * repeats, () => {
    for (let i = 0; i < repeats; i++) {
      for (const [a, b] of all) {
        const { value } = a[operation](b)
        // Memory of WebAssembly is not collected.
        if (typeof value === 'object') value.free()
      }
    }
  })
}

/** A ratio is worth nothing unless both give the same bits. */
function compareResults(
  operation: Operation,
  ours: readonly Pair<Float>[],
  theirs: readonly Pair<RivalFloat>[],
): void {
  for (const [i, [a, b]] of ours.entries()) {
    const mine = operations[operation](a, b)
    const pair = theirs[i]
    const yours = pair?.[0][operation](pair[1]).value
    if (shown(mine) !== shown(yours))
      throw new Error(`${operation} differs for ${floatToHex(a)} and ${floatToHex(b)}.`)
  }
}

function shown(result: Float | boolean | RivalFloat | undefined): string {
  if (typeof result === 'bigint') return floatToHex(result)
  return typeof result === 'object' ? result.asHex() : String(result)
}

function valueOf<T>(result: RivalResult<T>): T {
  if (result.error) throw new Error(result.error.readableMsg)
  return result.value
}
