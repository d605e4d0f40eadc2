import type { Random } from '../random.ts'
import { createSeededRandom } from './seeded-random.ts'

/** How many histories a convergence run plays, from which seed on. */
export type PlayOptions = {
  readonly seed: number
  readonly histories: number
  readonly onProgress?: ((historiesDone: number) => void) | undefined
}

/** What a convergence run found; `report` describes the first history that went wrong. */
export type PlayResult = {
  readonly histories: number
  readonly wrong: number
  readonly report?: string | undefined
}

/** Plays one history per seed and counts the wrong rows; the first failure is described, shrunk. */
export async function playHistories<History>(
  { seed: firstSeed, histories, onProgress }: PlayOptions,
  play: {
    make(random: Random): History
    /** How many rows are wrong at the end. */
    run(history: History, seed: number): Promise<number>
    describe(history: History, seed: number): Promise<string>
  },
): Promise<PlayResult> {
  let wrong = 0
  let report: string | undefined
  for (let index = 0; index < histories; index++) {
    const seed = firstSeed + index
    const history = play.make(createSeededRandom(seed))
    const found = await play.run(history, seed)
    wrong += found
    if (found > 0) report ??= await play.describe(history, seed)
    onProgress?.(index + 1)
  }
  return { histories, wrong, report }
}
