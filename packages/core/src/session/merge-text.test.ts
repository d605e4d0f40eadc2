import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeText } from './merge-text.ts'

const base = 'one\ntwo\nthree\nfour\nfive\n'

test.each([
  [
    'changes of different lines',
    'ONE\ntwo\nthree\nfour\nfive\n',
    'one\ntwo\nthree\nfour\nFIVE\n',
    'ONE\ntwo\nthree\nfour\nFIVE\n',
  ],
  [
    'an addition and a removal',
    'zero\none\ntwo\nthree\nfour\nfive\n',
    'one\ntwo\nthree\nfive\n',
    'zero\none\ntwo\nthree\nfive\n',
  ],
  [
    'the same change',
    'one\n2\nthree\nfour\nfive\n',
    'one\n2\nthree\nfour\nfive\n',
    'one\n2\nthree\nfour\nfive\n',
  ],
  ['a last line without its end', `${base}six`, `zero\n${base}`, `zero\n${base}six`],
  ['all removed on one side', '', base, ''],
])('[E8] %s merge', (_what, local, remote, merged) => {
  expect(mergeText(base, local, remote)).toBe(merged)
  expect(mergeText(base, remote, local)).toBe(merged)
})

test('[E8] different changes of the same line, and of lines that touch, are left to the person', () => {
  expect(mergeText(base, base.replace('two', '2'), base.replace('two', 'II'))).toBeUndefined()
  expect(mergeText(base, base.replace('two', '2'), base.replace('three', '3'))).toBeUndefined()
  expect(mergeText('a', 'b', 'c')).toBeUndefined()
})

test('[E8] texts that differ in too many lines to compare are left to the person', () => {
  const lines = (prefix: string): string =>
    Array.from({ length: 2_100 }, (_, at) => `${prefix}${at}\n`).join('')
  expect(mergeText(lines('a'), lines('b'), `${lines('a')}more\n`)).toBeUndefined()
})

test('[E8] one side alone is taken whole, and no line of either side is made up', () => {
  const text = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', '\n')).map((lines) => lines.join(''))
  fc.assert(
    fc.property(text, text, text, (was, mine, theirs) => {
      expect(mergeText(was, mine, was)).toBe(mine)
      expect(mergeText(was, was, theirs)).toBe(theirs)
      expect(mergeText(was, mine, mine)).toBe(mine)
      const merged = mergeText(was, mine, theirs)
      expect(mergeText(was, theirs, mine)).toBe(merged)
      for (const line of merged?.split('\n') ?? []) expect(`${mine}\n${theirs}`.split('\n')).toContain(line)
    }),
  )
})
