import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findAnvil } from '@freshet/raindex/testing'

/** The file of anvil: that of `FRESHET_ANVIL` or of the npm package, else one on the path. Undefined: none. */
export function findLocalAnvil(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return findAnvil() ?? (env['PATH'] ?? '').split(delimiter).map(anvilIn).find(isProgram)
}

function anvilIn(folder: string): string {
  return join(folder, process.platform === 'win32' ? 'anvil.exe' : 'anvil')
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
