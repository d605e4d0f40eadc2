import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** A page as the official client gives it. */
type OfficialPage = { readonly items: readonly OfficialEntity[]; readonly next_cursor?: string | undefined }
type OfficialEntity = { readonly hashed_keys: string; readonly models: object }

/** `@dojoengine/grpc`, as far as it is used here. */
export type OfficialClient = { getEntities(query: object): Promise<OfficialPage> }

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

/** What the official client asks to read a page. */
export function officialQuery(
  world: string,
  models: readonly string[],
  limit: number,
  cursor?: string,
): object {
  return {
    world_addresses: [world],
    pagination: { limit, cursor, direction: 'Forward', order_by: [] },
    clause: undefined,
    no_hashed_keys: false,
    models,
    historical: false,
  }
}
