/** Measures one round and returns its figure, for example microseconds per operation. */
export type Contender = () => number | Promise<number>

/**
 * Measures contenders in turns, so that heat, garbage and other load fall on all of them alike.
 *
 * The order turns around every round. Each round starts from a collected heap where `--expose-gc` is on.
 *
 * @param options.rounds - Rounds that count. Default 9.
 * @param options.warmUp - Rounds before them that do not. Default 2.
 * @returns The figures of each contender, in the order of the rounds.
 */
export async function interleave<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  { rounds = 9, warmUp = 2 }: { readonly rounds?: number; readonly warmUp?: number } = {},
): Promise<Record<Name, number[]>> {
  // Object.keys forgets the key type; these are exactly the contenders given.
  const names = Object.keys(contenders) as Name[]
  // Filled for every name on the next line.
  const figures = {} as Record<Name, number[]>
  for (const name of names) figures[name] = []
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      collectGarbage()
      const figure = await contenders[name]()
      if (round >= warmUp) figures[name].push(figure)
    }
  }
  return figures
}

/** Microseconds per operation of a synchronous batch of `operations`. */
export function microsPerOperation(operations: number, batch: () => void): number {
  const start = performance.now()
  batch()
  return ((performance.now() - start) * 1000) / operations
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** The smallest sample that at least the share `q` of all samples does not exceed; the mean of two for an even median. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = q * sorted.length
  const [low, high] = [Math.max(0, Math.ceil(at) - 1), Math.min(sorted.length - 1, Math.floor(at))]
  return ((sorted[low] ?? NaN) + (sorted[high] ?? NaN)) / 2
}

/** Collects garbage where the process was started with `--expose-gc`; the bench runner does so. */
export function collectGarbage(): void {
  globalThis.gc?.()
}

/**
 * Bytes that `make` leaves on the heap and in array buffers.
 *
 * @throws Error without `--expose-gc`: the figure would be noise.
 */
export function retainedBytes<T>(make: () => T): { readonly bytes: number; readonly made: T } {
  if (!globalThis.gc) throw new Error('Heap figures need node --expose-gc; run this through npm run bench.')
  const before = settledHeap()
  const made = make()
  return { bytes: settledHeap() - before, made }
}

/** Milliseconds that a fixed loop takes here, to compare absolute times between machines. */
export function calibrationMs(): number {
  const samples = Array.from({ length: 5 }, () => {
    const start = performance.now()
    // The result is used so that the loop cannot be optimized away.
    if (calibrationLoop() === 0) throw new Error('The calibration loop did nothing.')
    return performance.now() - start
  })
  return median(samples)
}

function settledHeap(): number {
  // Two passes: the first may only queue finalizers, the second frees what they held.
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function calibrationLoop(): number {
  const counts = new Map<number, number>()
  let state = 1
  for (let i = 0; i < 1_000_000; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const key = state & 0xffff
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts.size
}
