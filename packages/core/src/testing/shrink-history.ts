/**
 * The shortest history found that still fails, by leaving steps out.
 *
 * @param fails - Whether a history fails; asked at most `budget` times.
 */
export async function shrinkHistory<Step>(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  budget = 300,
): Promise<readonly Step[]> {
  let shortest = steps
  let asked = 0
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < shortest.length;) {
      if (asked++ >= budget) return shortest
      const candidate = [...shortest.slice(0, from), ...shortest.slice(from + size)]
      if (await fails(candidate)) shortest = candidate
      else from += size
    }
  }
  return shortest
}
