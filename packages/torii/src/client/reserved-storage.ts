import { FreshetError } from '@freshet/core'

/** What a later release will let hosts do with the durable copy; the names are kept free for it. */
export type ReservedStorage = {
  readonly schema: {
    createTable(...asked: unknown[]): never
    addIndex(...asked: unknown[]): never
    dropIndex(...asked: unknown[]): never
  }
}

export const reservedStorage: ReservedStorage = {
  schema: {
    createTable: () => refuse('createTable'),
    addIndex: () => refuse('addIndex'),
    dropIndex: () => refuse('dropIndex'),
  },
}

function refuse(name: string): never {
  throw new FreshetError({
    code: 'torii/reserved',
    kind: 'usage',
    message: `storage.schema.${name} is reserved for a later release. Indexes are declared by the option indexes.`,
  })
}
