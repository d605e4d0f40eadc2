import { expect, test } from 'vitest'
import {
  askedTests,
  defectTests,
  normativeRules,
  predecessorTests,
  type NamedTest,
} from './table-promises.ts'
import { textOf } from './tree.ts'

/** Names that no file spells out: renamed, moved or gone. */
function missing(tests: readonly NamedTest[]): readonly string[] {
  return tests
    .filter(([file, title]) => {
      const text = textOf(file)
      // A contract puts the name of what it tests before the title.
      return !text.includes(`'${title}`) && !text.includes(`: ${title}\``)
    })
    .map(([file, title]) => `${file}: ${title}`)
}

test('each of the 40 tests of the predecessor has one here', () => {
  expect(predecessorTests).toHaveLength(40)
  expect(missing(predecessorTests.map(([, now]) => now))).toEqual([])
  expect(missing(askedTests.map(([, by]) => by))).toEqual([])
})

test('each of the 13 defects of the predecessor has a test with its number', () => {
  const numbers = defectTests.map(([, title]) => Number(/ defect (\d+): /.exec(title)?.[1]))
  expect(numbers).toEqual(Array.from({ length: 13 }, (_, at) => at + 1))
  expect(missing(defectTests)).toEqual([])
})

test('each of the 15 rules of a live table is held by tests', () => {
  expect(normativeRules).toHaveLength(15)
  expect(missing(normativeRules.flatMap(([, ...by]) => by))).toEqual([])
})
