import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/**
 * The folder of captured responses and manifests, or why it cannot be read.
 * From `FRESHET_TORII_DATA`; default `../shared/data/torii` beside the repository.
 */
export function toriiData(): { readonly folder: string } | { readonly missing: string } {
  const beside = fileURLToPath(new URL('../../../../../shared/data/torii', import.meta.url))
  const folder = process.env['FRESHET_TORII_DATA'] ?? beside
  if (existsSync(folder)) return { folder }
  return { missing: `skipped: no folder ${folder}; point FRESHET_TORII_DATA at the captured Torii data` }
}

/** The JSON of one file of the folder; `.gz` is unpacked. */
export function readToriiData(folder: string, file: string): unknown {
  const bytes = readFileSync(`${folder}/${file}`)
  return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'))
}
