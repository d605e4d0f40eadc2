import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { OfficialClient } from './official-query.ts'

/** The store of `@dojoengine/state`, as far as it is used here. */
export type OfficialStore = {
  getState(): {
    setEntities(entities: readonly object[]): void
    updateEntity(entity: object): void
    getEntity(id: string): { readonly models: object } | undefined
  }
  subscribe(listener: (state: object) => void): () => void
}

/**
 * The folder with the official clients: `FRESHET_TORII_CLIENTS`, or `peers` beside this file once
 * `npm install` was run there. Undefined where there is none: then nothing is compared.
 */
export function officialFolder(): string | undefined {
  const folder = process.env['FRESHET_TORII_CLIENTS'] ?? fileURLToPath(new URL('./peers', import.meta.url))
  return existsSync(`${folder}/node_modules/@dojoengine/grpc`) ? folder : undefined
}

export async function openOfficialClient(
  folder: string,
  toriiUrl: string,
  worldAddress: string,
): Promise<OfficialClient> {
  const { href } = pathToFileURL(`${folder}/node_modules/@dojoengine/grpc/dist/index.js`)
  // Installed on demand, so its types are not here.
  const { ToriiGrpcClient } = (await import(href)) as {
    ToriiGrpcClient: new (options: object) => OfficialClient
  }
  return new ToriiGrpcClient({ toriiUrl, worldAddress })
}

export async function openOfficialStore(folder: string): Promise<OfficialStore> {
  const { href } = pathToFileURL(`${folder}/node_modules/@dojoengine/state/dist/zustand.js`)
  // Installed on demand, so its types are not here.
  const { createDojoStore } = (await import(href)) as { createDojoStore(): OfficialStore }
  return createDojoStore()
}

/** `@dojoengine/grpc` for a page. */
export async function bundleOfficialClient(folder: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: "export { ToriiGrpcClient } from '@dojoengine/grpc'", resolveDir: folder },
    ...{ bundle: true, write: false, format: 'esm', platform: 'browser', target: 'es2024' },
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
