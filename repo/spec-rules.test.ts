import { expect, test } from 'vitest'
import { allCitations, allRules, citationsIn, rulesIn } from './spec-rules.ts'

test('a rule has one meaning: its id is given once', () => {
  const places = Map.groupBy(allRules(), (rule) => rule.id)
  const twice = [...places].filter(([, rules]) => rules.length > 1)
  expect(twice.map(([id, rules]) => `${id}: ${rules.map(place).join(', ')}`)).toEqual([])
})

test('every rule has a test that cites it', () => {
  const cited = new Set(allCitations().map(({ id }) => id))
  const untested = allRules().filter(({ id }) => !cited.has(id))
  expect(untested.map((rule) => `${rule.id} at ${place(rule)}`)).toEqual([])
})

test('every cited rule exists', () => {
  const known = new Set(allRules().map(({ id }) => id))
  const unknown = allCitations().filter(({ id }) => !known.has(id))
  expect(unknown.map((citation) => `${citation.id} at ${place(citation)}`)).toEqual([])
})

test('a rule is a list item that begins with its id', () => {
  const text =
    '# Store\n\n- [ST1] one transaction\n  - [ST2] nested\n- ST3 no brackets\n[ST4] no list item\n- [ST5]'
  expect(rulesIn('SPEC.md', text).map(({ id, line }) => `${id}:${line}`)).toEqual(['ST1:3', 'ST2:4'])
})

test('a citation is one id or several at the start of a title', () => {
  const quote = "'"
  const titles = ['[AA1] one', '[AA2] [AA3] two', '[AA4, AA5] two', 'later [AA6]', '[7] none']
  const text = titles.map((title) => `test(${quote}${title}${quote}, () => {})`).join('\n')
  expect(citationsIn('x.test.ts', text).map(({ id }) => id)).toEqual(['AA1', 'AA2', 'AA3', 'AA4', 'AA5'])
})

function place({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file}:${line}`
}
