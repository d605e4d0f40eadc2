import { FreshetError } from '@freshet/core'
import { readFile } from 'node:fs/promises'

/**
 * The text of a file that the person named.
 *
 * @throws {FreshetError} `cli/bad-file`.
 */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw badFile(path, cause)
  }
}

/** Says why a file that the person named cannot be read. */
export function badFile(path: string, cause: unknown): FreshetError {
  const message = `The file ${path} cannot be read${reasonOf(cause)}. Check its name.`
  return new FreshetError({ code: 'cli/bad-file', kind: 'usage', message, cause })
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error) || !('code' in cause)) return ''
  return cause.code === 'ENOENT' ? ': there is none of this name' : `: ${String(cause.code)}`
}
