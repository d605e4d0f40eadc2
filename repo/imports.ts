import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { workspaces } from './packages.ts'
import { root, textOf } from './tree.ts'

/** One import or re-export of a file. */
export type Import = {
  readonly specifier: string
  /** Erased by the compiler: `import type`, `export type`. */
  readonly typeOnly: boolean
  readonly dynamic: boolean
}

const staticImport = /^\s*(?:import|export)\s+(type\s+(?!from\b))?[\w$*{}\s,]*?\bfrom\s*['"]([^'"\n]+)['"]/gm
const sideEffectImport = /^\s*import\s*['"]([^'"\n]+)['"]/gm
const dynamicImport = /\bimport\(\s*['"]([^'"\n]+)['"]/g

/**
 * The imports of a TypeScript file, in no order.
 *
 * TypeScript 7 has no compiler API, so this reads text. It relies on the formatter: a static import starts
 * its own line. Lines of doc comments start with an asterisk and so never match.
 */
export function importsOf(path: string): readonly Import[] {
  const text = textOf(path)
  const imports: Import[] = []
  for (const [, type, specifier = ''] of text.matchAll(staticImport)) {
    imports.push({ specifier, typeOnly: type !== undefined, dynamic: false })
  }
  for (const [, specifier = ''] of text.matchAll(sideEffectImport)) {
    imports.push({ specifier, typeOnly: false, dynamic: false })
  }
  for (const line of text.split('\n')) {
    if (/^\s*(\*|\/\/|\/\*)/.test(line)) continue
    for (const [, specifier = ''] of line.matchAll(dynamicImport)) {
      imports.push({ specifier, typeOnly: false, dynamic: true })
    }
  }
  return imports
}

/**
 * The file of this tree that a specifier means, relative to the root.
 *
 * @returns undefined for `node:` modules, npm packages and files that do not exist.
 */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return entrySources().get(specifier)
  const path = posix.join(posix.dirname(from), specifier)
  return existsSync(`${root}/${path}`) ? path : undefined
}

let sources: ReadonlyMap<string, string> | undefined

function entrySources(): ReadonlyMap<string, string> {
  sources ??= new Map(
    workspaces().flatMap(({ entryPoints }) => entryPoints.map((e) => [e.specifier, e.source])),
  )
  return sources
}
