import { FreshetError } from '@freshet/core'

/** Calls of the SDK that a replica cannot answer. */
const unserved = [
  ...(['getTokenTransfers', 'onTokenTransferUpdated', 'updateTokenTransferSubscription'] as const),
  ...(['getAchievements', 'getPlayerAchievements', 'onAchievementProgressionUpdated'] as const),
  ...(['updateAchievementProgressionSubscription', 'publishMessage', 'publishMessageBatch'] as const),
  ...([
    'getControllers',
    'getAggregations',
    'onAggregationUpdated',
    'updateAggregationSubscription',
  ] as const),
  ...([
    'getActivities',
    'onActivityUpdated',
    'updateActivitySubscription',
    'executeSql',
    'getWorlds',
  ] as const),
]

export type Unserved = { readonly [name in (typeof unserved)[number]]: (...asked: never[]) => Promise<never> }

/** Each of them, handed on to a client that answers it otherwise. */
export function unservedBy(otherwise: object | undefined): Unserved {
  const calls = unserved.map((name) => {
    const given: unknown = otherwise && Reflect.get(otherwise, name)
    const call = async (...asked: readonly unknown[]): Promise<unknown> => {
      if (typeof given !== 'function') throw notServed(name)
      return Reflect.apply(given, otherwise, asked)
    }
    return [name, call] as const
  })
  // One for each name; what they give is between the SDK and that client.
  return Object.fromEntries(calls) as unknown as Unserved
}

export function notReplicated(table: string): FreshetError {
  return new FreshetError({
    code: 'torii/not-replicated',
    kind: 'usage',
    message: `${table} is not synchronised; open the client with it in models or targets, or add it by addTarget().`,
  })
}

export function notServed(what: string): FreshetError {
  return new FreshetError({
    code: 'torii/not-replicated',
    kind: 'usage',
    message: `A replica does not hold ${what}; give createDojoClient a client that answers it as \`otherwise\`, or ask the server.`,
  })
}
