import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'

const repository = fileURLToPath(new URL('../../../../', import.meta.url))

/**
 * The folder of recorded data: `FRESHET_RAINDEX_DATA`, else `../shared/data/raindex` beside the repository.
 * Its README says how the data was recorded.
 */
export function goldenFolder(): string {
  return resolve(repository, process.env['FRESHET_RAINDEX_DATA'] ?? '../shared/data/raindex')
}

/**
 * The text of one recorded file, which may be there as it is or gzipped.
 *
 * @param name - Without `.gz`.
 * @returns undefined when the folder or the file is not there.
 */
export function readGolden(name: string): string | undefined {
  const path = join(goldenFolder(), name)
  if (existsSync(path)) return readFileSync(path, 'utf8')
  if (existsSync(`${path}.gz`)) return gunzipSync(readFileSync(`${path}.gz`)).toString('utf8')
  return undefined
}
