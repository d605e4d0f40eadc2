import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run's output with one line for people and scripts: `42 passed` or `40 passed, 1 failed, 1 skipped`. */
export const closingLineReporter: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    console.log(closingLine(modules, unhandledErrors.length))
  },
}

function closingLine(modules: readonly TestModule[], strayErrors: number): string {
  const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
  let unreadable = 0
  for (const module of modules) {
    for (const test of module.children.allTests()) count[test.result().state]++
    if (module.errors().length > 0) unreadable++
  }
  const parts = [`${count.passed} passed`]
  const failures: readonly (readonly [number, string])[] = [
    [count.failed, 'failed'],
    [unreadable, unreadable === 1 ? 'file failed to load' : 'files failed to load'],
    [strayErrors, strayErrors === 1 ? 'error outside tests' : 'errors outside tests'],
    [count.skipped + count.pending, 'skipped'],
  ]
  for (const [number, what] of failures) if (number > 0) parts.push(`${number} ${what}`)
  return parts.join(', ')
}
