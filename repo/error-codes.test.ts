import { expect, test } from 'vitest'
import { filesOf, isTestFile, textOf } from './tree.ts'

/** Areas whose errors a user of live tables may meet. */
const areas = 'table|query|outbox|storage|sqlite|surrealdb|postgres|session'
const code = new RegExp(`'((?:${areas})/[a-z]+(?:-[a-z]+)*)'`, 'g')
/** What looks like a code and is the name of an entry point or a file. */
const names = new Set(['storage/memory', 'storage/sqlite', 'storage/indexeddb'])

test('a guide says what to do on each error of a live table', () => {
  const guides = filesOf('docs/*.md').map(textOf).join('\n')
  const sources = filesOf('packages/{core,storage,table}/src/**/*.ts').filter((path) => !isTestFile(path))
  const thrown = sources.flatMap((path) => [...textOf(path).matchAll(code)].map(([, name = '']) => name))
  const missing = [...new Set(thrown)].filter((name) => !names.has(name) && !guides.includes(`\`${name}\``))
  expect(missing.toSorted()).toEqual([])
})
