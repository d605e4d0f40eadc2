import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { importsOf, resolveImport } from './imports.ts'
import { workspaces } from './packages.ts'
import { filesOf, isTestFile, root } from './tree.ts'

/** Who may import whom. ARCHITECTURE.md says why. */
const mayImport: Readonly<Record<string, readonly string[] | 'all'>> = {
  '@freshet/core': [],
  '@freshet/storage': ['@freshet/core'],
  '@freshet/table': ['@freshet/core', '@freshet/storage'],
  '@freshet/torii': ['@freshet/core', '@freshet/storage'],
  '@freshet/evm': [],
  '@freshet/raindex': ['@freshet/core', '@freshet/storage', '@freshet/evm'],
  '@freshet/react': ['@freshet/core'],
  '@freshet/cli': 'all',
  '@freshet/studio': 'all',
  '@freshet/bench': 'all',
  '@freshet/repo': 'all',
}

/** Entry points that run on Node only; all others must load in a browser. */
const nodeOnly = /^@freshet\/cli(\/|$)|\/(sqlite|postgres|postgres\/embedded|testing|sync\.node\.worker)$/

/** What the shipped files of core may import from npm, by file. */
const coreMayUse: Readonly<Record<string, readonly string[]>> = {
  'packages/core/src/opentelemetry.ts': ['@opentelemetry/api'],
}

const sources = filesOf('{packages,apps}/*/src/**/*.{ts,tsx}')

test('every workspace has a place in the layers', () => {
  const unplaced = workspaces().filter(({ name }) => !(name in mayImport))
  expect(unplaced.map(({ name }) => name)).toEqual([])
})

test('a package imports only the packages below it', () => {
  const wrong: string[] = []
  for (const { name, folder } of workspaces()) {
    const allowed = mayImport[name] ?? []
    if (allowed === 'all') continue
    for (const file of sources.filter((path) => path.startsWith(`${folder}/`))) {
      for (const { specifier } of importsOf(file)) {
        const target = /^@freshet\/[^/]+/.exec(specifier)?.[0]
        if (target !== undefined && target !== name && !allowed.includes(target)) {
          wrong.push(`${file} imports ${specifier}`)
        }
      }
    }
  }
  expect(wrong).toEqual([])
})

test('relative imports stay inside their package', () => {
  const wrong: string[] = []
  for (const file of sources) {
    const folder = file.split('/').slice(0, 2).join('/')
    for (const { specifier } of importsOf(file)) {
      if (!specifier.startsWith('.')) continue
      if (posix.join(posix.dirname(file), specifier).startsWith(`${folder}/`)) continue
      wrong.push(`${file} leaves its package for ${specifier}`)
    }
  }
  expect(wrong).toEqual([])
})

test('core ships without Node and without npm packages', () => {
  const wrong: string[] = []
  for (const file of filesOf('packages/core/src/**/*.ts').filter((path) => !isTestFile(path))) {
    for (const { specifier } of importsOf(file)) {
      if (specifier.startsWith('.') || coreMayUse[file]?.includes(specifier)) continue
      wrong.push(`${file} imports ${specifier}`)
    }
  }
  expect(wrong).toEqual([])
})

test('entry points for browsers never load a Node module', () => {
  const wrong: string[] = []
  for (const { entryPoints } of workspaces()) {
    for (const { specifier, source } of entryPoints) {
      if (nodeOnly.test(specifier) || !existsSync(`${root}/${source}`)) continue
      for (const [file, node] of nodeImportsBehind(source)) {
        wrong.push(`${specifier} reaches ${node} through ${file}`)
      }
    }
  }
  expect(wrong).toEqual([])
})

test('no files import each other in a circle', () => {
  const circles = new Set<string>()
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) circles.add([...path.slice(at), file].join(' → '))
    if (at >= 0 || done.has(file)) return
    for (const target of loadedBy(file)) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of sources) visit(file, [])
  expect([...circles]).toEqual([])
})

/** Files of this tree that loading a file loads with it. */
function loadedBy(file: string): readonly string[] {
  return importsOf(file).flatMap(({ specifier, typeOnly, dynamic }) => {
    const target = typeOnly || dynamic ? undefined : resolveImport(file, specifier)
    return target === undefined || !/\.tsx?$/.test(target) ? [] : [target]
  })
}

function nodeImportsBehind(entry: string): readonly (readonly [file: string, node: string])[] {
  const found: [string, string][] = []
  const seen = new Set([entry])
  for (const file of seen) {
    for (const { specifier, typeOnly, dynamic } of importsOf(file)) {
      if (specifier.startsWith('node:') && !typeOnly && !dynamic) found.push([file, specifier])
    }
    for (const target of loadedBy(file)) seen.add(target)
  }
  return found
}
