/** A page as the official client gives it. */
type OfficialPage = { readonly items: readonly OfficialEntity[]; readonly next_cursor?: string | undefined }
type OfficialEntity = { readonly hashed_keys: string; readonly models: object }

/** `@dojoengine/grpc`, as far as it is used here. */
export type OfficialClient = { getEntities(query: object): Promise<OfficialPage> }

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
