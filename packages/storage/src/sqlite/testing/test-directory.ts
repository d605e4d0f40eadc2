import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory of its own for one test; removed when the returned handle is disposed. */
export function testDirectory(): {
  readonly path: (name: string) => string
  remove(): void
  [Symbol.dispose](): void
} {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-sqlite-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  return { path: (name) => join(directory, name), remove, [Symbol.dispose]: remove }
}
