import { expect, test } from 'vitest'
import { importsOf, resolveImport } from './imports.ts'

test('every form of import is seen, with what the compiler erases', () => {
  const seen = importsOf('repo/fixtures/every-import.ts').map(
    ({ specifier, typeOnly, dynamic }) =>
      `${specifier}${typeOnly ? ' type' : ''}${dynamic ? ' dynamic' : ''}`,
  )
  expect(seen.toSorted()).toEqual([
    './toy-harness.ts',
    './toy-harness.ts dynamic',
    './toy-harness.ts type',
    '@freshet/core',
    '@freshet/core type',
    'node:fs',
    'node:path type',
    'node:process',
    'node:url',
  ])
})

test('an import resolves to the source behind it', () => {
  expect(resolveImport('repo/fixtures/every-import.ts', './toy-harness.ts')).toBe(
    'repo/fixtures/toy-harness.ts',
  )
  expect(resolveImport('repo/fixtures/every-import.ts', '@freshet/core')).toBe('packages/core/src/index.ts')
  expect(resolveImport('repo/fixtures/every-import.ts', 'node:fs')).toBeUndefined()
  expect(resolveImport('repo/fixtures/every-import.ts', './gone.ts')).toBeUndefined()
})
