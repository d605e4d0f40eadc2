import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))

/**
 * Installs the peers of this folder's manifest beside it, once; 400 MB.
 *
 * @throws Error: npm could not install them; its own output says why.
 */
export function installPeers(): void {
  if (existsSync(new URL('node_modules/.package-lock.json', import.meta.url))) return
  console.error('Installing the peers into bench/peers (400 MB, about a minute)…')
  const args = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0)
    throw new Error(
      `npm could not install the peers; see above. Remove ${folder}node_modules and run it again.`,
    )
}

/** Imports a file of a peer. The peers have no place in our own types: the caller says what it uses. */
export async function importPeer(path: string): Promise<unknown> {
  return import(new URL(`node_modules/${path}`, import.meta.url).href)
}
