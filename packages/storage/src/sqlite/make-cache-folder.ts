import { mkdir, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FreshetError } from '@freshet/core'

/**
 * Makes a folder for store files, and those above it that are missing.
 *
 * @throws {FreshetError} `storage/unavailable`: it cannot be made or read. Choose another, or mend its rights.
 */
export async function makeCacheFolder(folder: string): Promise<void> {
  try {
    await makeStepwise(folder)
    await readdir(folder)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FreshetError({
      code: 'storage/unavailable',
      kind: 'storage',
      message: `The cache folder ${folder} cannot be used: ${reason}. Choose another folder, or mend its rights.`,
      cause,
    })
  }
}

/** `mkdir` with `recursive` never comes back from a parent that is there and takes no folder, such as /proc. */
async function makeStepwise(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const parent = dirname(folder)
    if (await isThere(folder)) return
    if (parent === folder || (await isThere(parent))) throw error
    await makeStepwise(parent)
    await mkdir(folder)
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
