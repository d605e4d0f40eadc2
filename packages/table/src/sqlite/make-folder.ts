import { mkdir, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder, and those above it that are missing.
 *
 * Step by step, because `mkdir` with `recursive` never comes back from a parent
 * that is there and takes no folder, such as /proc.
 *
 * @throws Error of the file system: the folder cannot be made or read.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const parent = dirname(folder)
    const isThere = async (path: string): Promise<boolean> => stat(path).then(isSure, isNot)
    if (!(await isThere(folder))) {
      if (parent === folder || (await isThere(parent))) throw error
      await makeFolder(parent)
      await mkdir(folder)
    }
  }
  await readdir(folder)
}

const isSure = (): boolean => true
const isNot = (): boolean => false
