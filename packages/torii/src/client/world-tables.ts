import { FreshetError, type TableSpec } from '@freshet/core'
import { tableOfTarget, type SyncTarget } from '../sync/sync-target.ts'
import { recordKinds } from '../wire/record-rows.ts'
import type { ReactiveClientOptions } from './client-options.ts'

type Asked = Pick<ReactiveClientOptions, 'manifest' | 'models' | 'targets' | 'indexes'>

/** What is synchronised from the start. */
export function targetsOf({ manifest, models, targets = [] }: Asked): readonly SyncTarget[] {
  const tags = new Set(models ?? manifest.models.map(({ tag }) => tag))
  return [...[...tags].map((tag): SyncTarget => ({ kind: 'model', tag })), ...targets]
}

/**
 * Everything that could be synchronised: what is, all that the manifest names,
 * and each kind of record. All have their table from the start, so that targets
 * come and go while views and the store stay as they are.
 */
export function worldTables(asked: Asked): readonly string[] {
  const { manifest } = asked
  const named = [...manifest.models, ...(manifest.events ?? [])].map(({ tag }) => tag)
  return [...new Set([...targetsOf(asked).map(tableOfTarget), ...named, ...recordKinds])]
}

export function tableSpecs(
  tables: readonly string[],
  indexes: ReactiveClientOptions['indexes'] = {},
): readonly TableSpec[] {
  return tables.map((name) => ({
    name,
    indexes: indexes[name]?.map((fields) => ({ name: fields.join(','), fields })),
  }))
}

/** @throws {FreshetError} `torii/unknown-target` */
export function checkTable(tables: readonly string[], table: string): void {
  if (tables.includes(table)) return
  throw new FreshetError({
    code: 'torii/unknown-target',
    kind: 'usage',
    message: `${table} is neither in the manifest nor among models or targets; open the client with it there.`,
  })
}
