import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { filesOf, root, textOf } from './tree.ts'

const documents = filesOf('*.md', 'docs/**/*.md', '{packages,apps,bench}/**/*.md')

test('the continuous integration runs the test line of the README', () => {
  const line = 'npm install && npm test'
  expect(textOf('README.md')).toContain(line)
  expect(textOf('.ci/run').split('\n')).toContain(line)
})

test('every npm command in a document is a script', () => {
  // Our own manifest.
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  const unknown = documents.flatMap((path) =>
    [...textOf(path).matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].flatMap(
      ([command, run, short]) => {
        const script = run ?? short ?? ''
        return script in scripts ? [] : [`${path}: ${command}`]
      },
    ),
  )
  expect(unknown).toEqual([])
})

test('every link to a file of the tree finds it', () => {
  const broken = documents.flatMap((path) =>
    [...textOf(path).matchAll(/\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, target = '']) => {
      const file = posix.join(posix.dirname(path), target)
      return existsSync(`${root}/${file}`) ? [] : [`${path}: ${target}`]
    }),
  )
  expect(broken).toEqual([])
})
