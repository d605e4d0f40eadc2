import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { filesOf, isTestFile, root, textOf } from './tree.ts'

const maxSourceLines = 400 // of code: comments and empty lines do not count
const maxTestLines = 700
const maxFileBytes = 1_000_000

const written = filesOf('**/*.{ts,tsx,js,json,md,css,html,yaml,yml,sql}', '.ci/*', '.*.json').filter(
  (path) => path !== 'package-lock.json',
)

test('no file names a place on the machine it was written on', () => {
  // In pieces, so that this file does not find itself.
  const places = new RegExp([`/${'work'}/`, `/${'root'}/`, `/${'home'}/`, `\\.${'library'}\\b`].join('|'))
  const found = written.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, index) => (places.test(line) ? [`${path}:${index + 1}`] : [])),
  )
  expect(found).toEqual([])
})

// Generated code is not read, and an interpreter in AssemblyScript is one function for its speed.
const isExempt = (path: string): boolean => path.includes('.generated.') || path.includes('/assembly/')

test('source files stay short enough to be one concept', () => {
  const files = filesOf('{packages,apps,bench,repo}/**/*.{ts,tsx}').filter((path) => !isExempt(path))
  const long = files.flatMap((path) => {
    const lines = codeLines(textOf(path))
    const most = isTestFile(path) ? maxTestLines : maxSourceLines
    return lines > most ? [`${path}: ${lines} lines of code, at most ${most}`] : []
  })
  expect(long).toEqual([])
})

test('folders are named after concepts', () => {
  const vague = filesOf('packages/*/src/**/*').filter((path) =>
    /\/(utils?|helpers?|common|misc|types?)(\/|\.tsx?$)/.test(path),
  )
  expect(vague).toEqual([])
})

test('no file is too large to clone', () => {
  const large = filesOf('**/*').filter((path) => statSync(`${root}/${path}`).size > maxFileBytes)
  expect(large).toEqual([])
})

function codeLines(text: string): number {
  return text.split('\n').filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length
}
