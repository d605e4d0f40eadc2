import { resolveImport } from './imports.ts'
import { textOf } from './tree.ts'

const reExports = /^export\s+(type\s+)?\{([^}]*)\}/gm
const starExports = /^export\s+(?:type\s+)?\*\s+from\s+['"]([^'"]+)['"]/gm
const declarations =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(type|interface|class|const|let|(?:async\s+)?function\*?)\s+(\w+)/gm

/** The names a module exports, sorted, types marked: `FreshetError`, `type Row`. */
export function exportedNames(file: string): readonly string[] {
  return [...new Set(collectNames(file))].toSorted(byName)
}

function collectNames(file: string): readonly string[] {
  const text = textOf(file)
  const names: string[] = []
  for (const [, kind = '', name = ''] of text.matchAll(declarations)) {
    names.push(kind === 'type' || kind === 'interface' ? `type ${name}` : name)
  }
  for (const [, allTypes, list = ''] of text.matchAll(reExports)) {
    for (const item of list.split(',').map((part) => part.trim())) {
      if (item === '') continue
      const isType = allTypes !== undefined || item.startsWith('type ')
      const name = item.replace(/^type /, '').replace(/^.* as /, '')
      names.push(isType ? `type ${name}` : name)
    }
  }
  for (const [, specifier = ''] of text.matchAll(starExports)) {
    const target = resolveImport(file, specifier)
    if (target === undefined) names.push(`* from ${specifier}`)
    else names.push(...collectNames(target))
  }
  return names
}

function byName(a: string, b: string): number {
  const [left, right] = [a.replace(/^type /, ''), b.replace(/^type /, '')]
  return left < right ? -1 : left > right ? 1 : 0
}
