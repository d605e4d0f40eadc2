import { delay, systemClock } from '../clock.ts'
import { isRecord, type Value } from '../value.ts'
import { valueKey } from '../query-key.ts'
import { createSeededRandom } from './seeded-random.ts'
import { shrinkHistory } from './shrink-history.ts'
import { viewsHistory, type ViewsStep } from './views-history.ts'
import { runViewsHistory, type ViewsRule } from './views-run.ts'

export type ConvergeOptions = {
  readonly seed: number
  readonly histories: number
  /** Rule to switch off, to show that the harness notices: `Q1` views are not settled, `O1` layers are not folded again. */
  readonly without?: string | undefined
  readonly onProgress?: ((historiesDone: number) => void) | undefined
}

export type ConvergeResult = {
  readonly histories: number
  readonly wrong: number
  /** The shrunk history of the first failing seed. */
  readonly report?: string | undefined
}

/**
 * Plays random histories and compares every view, total and read with its
 * recomputation after every step.
 *
 * @throws {RangeError} when `without` names no rule that can be switched off.
 */
export async function converge(options: ConvergeOptions): Promise<ConvergeResult> {
  const without = ruleOf(options.without)
  let wrong = 0
  let report: string | undefined
  for (let done = 0; done < options.histories; done++) {
    const seed = options.seed + done
    const steps = viewsHistory(createSeededRandom(seed))
    const found = runViewsHistory(steps, without).length
    wrong += found
    if (found > 0) report ??= await describeFailure(seed, steps, without)
    if (done % 100 === 99) {
      options.onProgress?.(done + 1)
      // Lets the process answer signals and write its progress.
      await delay(systemClock, 0)
    }
  }
  return { histories: options.histories, wrong, report }
}

function ruleOf(name: string | undefined): ViewsRule | undefined {
  if (name === undefined || name === 'Q1' || name === 'O1') return name
  throw new RangeError(`views cannot be run without ${name}; choose Q1 or O1.`)
}

async function describeFailure(
  seed: number,
  steps: readonly ViewsStep[],
  without: ViewsRule | undefined,
): Promise<string> {
  const fails = async (tried: readonly ViewsStep[]): Promise<boolean> =>
    runViewsHistory(tried, without).length > 0
  let shrunk = await shrinkHistory(steps, fails)
  for (const [at, step] of shrunk.entries()) {
    if (step.kind !== 'batch') continue
    const withChanges = (changes: typeof step.changes): readonly ViewsStep[] =>
      shrunk.with(at, { ...step, changes })
    const changes = await shrinkHistory(step.changes, (fewer) => fails(withChanges(fewer)))
    shrunk = withChanges(changes)
  }
  const lines = shrunk.map((step, at) => `  ${at}. ${describe(step)}`)
  return [`views, seed ${seed}, shrunk to ${shrunk.length} of ${steps.length} steps:`, ...lines]
    .concat(
      runViewsHistory(shrunk, without)
        .slice(0, 10)
        .map((line) => `  ✗ ${line}`),
    )
    .join('\n')
}

/** A step as one line; values are written so that their kinds can be told apart. */
function describe(step: unknown): string {
  if (Array.isArray(step)) return `[${step.map(describe).join(', ')}]`
  // Steps are plain data of records, lists and values.
  const value = step as Value | undefined
  if (value === undefined) return 'none'
  if (!isRecord(value)) return valueKey(value)
  return `{${Object.entries(value)
    .map(([name, part]) => `${name}: ${describe(part)}`)
    .join(', ')}}`
}
