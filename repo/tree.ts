import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository, without a slash at the end. */
export const root: string = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '')

const generated = new Set(['node_modules', 'dist', 'coverage', '.git', '.freshet', '.vitest-attachments'])

/**
 * Paths of the files of this tree that match a glob, relative to the root, sorted, with forward slashes.
 *
 * Walks the disk instead of asking git, so that the checks run from a tarball too.
 */
export function filesOf(...patterns: readonly string[]): readonly string[] {
  const found = patterns.flatMap((pattern) =>
    globSync(pattern, { cwd: root, withFileTypes: true, exclude: (entry) => generated.has(entry.name) }),
  )
  const paths = found
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/').slice(root.length + 1))
  return [...new Set(paths)].toSorted()
}

export function textOf(path: string): string {
  return readFileSync(`${root}/${path}`, 'utf8')
}

/** True for files that are not part of what a package ships: tests and what only tests import. */
export function isTestFile(path: string): boolean {
  return /\.(test|bench|test-d)\.tsx?$|\/(testing|test|fixtures)\//.test(path)
}
