/**
 * Merges two changes of one text by lines, as version control does [E8].
 *
 * @returns `undefined` where both changed the same lines, or lines that touch,
 *   in different ways, and where the texts differ in more lines than is worth comparing.
 */
export function mergeText(base: string, local: string, remote: string): string | undefined {
  const [was, mine, theirs] = [linesOf(base), linesOf(local), linesOf(remote)]
  const [inMine, inTheirs] = [matches(was, mine), matches(was, theirs)]
  if (!inMine || !inTheirs) return undefined
  const merged: string[] = []
  const at = { was: 0, mine: 0, theirs: 0 }
  for (let anchor = 0; anchor <= was.length; anchor++) {
    const isEnd = anchor === was.length
    const [mineAt, theirsAt] = isEnd ? [mine.length, theirs.length] : [inMine[anchor], inTheirs[anchor]]
    // Only a line that both sides kept ends a stretch.
    if (mineAt === undefined || theirsAt === undefined) continue
    const stretch = mergeStretch(
      was.slice(at.was, anchor),
      mine.slice(at.mine, mineAt),
      theirs.slice(at.theirs, theirsAt),
    )
    if (!stretch) return undefined
    merged.push(...stretch, ...was.slice(anchor, anchor + 1))
    Object.assign(at, { was: anchor + 1, mine: mineAt + 1, theirs: theirsAt + 1 })
  }
  return merged.join('')
}

/** With their ends of line, so that joining gives the text again. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function mergeStretch(
  was: readonly string[],
  mine: readonly string[],
  theirs: readonly string[],
): readonly string[] | undefined {
  if (isSame(mine, was) || isSame(mine, theirs)) return theirs
  return isSame(theirs, was) ? mine : undefined
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index])
}

/** Cells of the comparison table; beyond it, tens of milliseconds on a page's thread. */
const maxCells = 4_000_000

/**
 * Where each line of `was` stands in `now`, for a longest common subsequence;
 * `undefined` for lines that are gone.
 */
function matches(
  was: readonly string[],
  now: readonly string[],
): readonly (number | undefined)[] | undefined {
  const found: (number | undefined)[] = was.map(() => undefined)
  let start = 0
  while (start < was.length && start < now.length && was[start] === now[start]) found[start] = start++
  let tail = 0
  while (tail < Math.min(was.length, now.length) - start && was.at(-1 - tail) === now.at(-1 - tail)) {
    found[was.length - 1 - tail] = now.length - 1 - tail
    tail += 1
  }
  const [rows, columns] = [was.length - start - tail, now.length - start - tail]
  if (rows * columns > maxCells) return undefined
  /** Length of the longest common subsequence from each pair of lines on. */
  const table = new Uint32Array((rows + 1) * (columns + 1))
  const cell = (row: number, column: number): number => table[row * (columns + 1) + column] ?? 0
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const isMatch = was[start + row] === now[start + column]
      table[row * (columns + 1) + column] = isMatch
        ? cell(row + 1, column + 1) + 1
        : Math.max(cell(row + 1, column), cell(row, column + 1))
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns;) {
    if (was[start + row] === now[start + column]) found[start + row++] = start + column++
    else if (cell(row + 1, column) >= cell(row, column + 1)) row++
    else column++
  }
  return found
}
