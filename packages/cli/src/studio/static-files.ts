import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { FreshetError } from '@freshet/core'

export type StaticFile = {
  readonly body: Buffer
  readonly contentType: string
  /** Named by its content, so that a browser may keep it. */
  readonly immutable: boolean
}

/**
 * The files of a built app by their path, such as `/index.html`.
 *
 * Read once and looked up by their exact path, so that no request can name a
 * file outside the folder.
 *
 * @throws {FreshetError} `studio/not-built`: there is no `index.html` in the folder. Build Studio first.
 */
export async function readStaticFiles(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = new Map<string, StaticFile>()
  for (const entry of entries) {
    const contentType = contentTypes[extname(entry.name)]
    if (!entry.isFile() || contentType === undefined) continue
    const file = join(entry.parentPath, entry.name)
    const path = file.slice(folder.length).split(sep).join('/')
    files.set(path, { body: await readFile(file), contentType, immutable: path.startsWith('/assets/') })
  }
  if (files.has('/index.html')) return files
  throw new FreshetError({
    code: 'studio/not-built',
    kind: 'usage',
    message: `There is no built Studio in ${folder}. Run: npm run build:studio`,
  })
}

const contentTypes: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}
