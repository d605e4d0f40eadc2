import type { FreshetError } from '@freshet/core'
import { canonicalFelt } from '../values/felt.ts'
import { parseModelTag } from '../values/model-tag.ts'
import type { RecordFilter } from '../wire/record-calls.ts'
import type { EntityKind } from '../wire/torii-client.ts'
import type { RecordKind } from '../wire/record-rows.ts'

/** One thing that is synchronised. Its table is its `tag`, or its `kind`. */
export type SyncTarget =
  | { readonly kind: 'model'; readonly tag: string }
  /** What a model of events last told, by its keys. */
  | { readonly kind: 'event'; readonly tag: string }
  | RecordTarget

/** Tokens, balances, contracts or transactions: all, or those of some contracts and accounts. */
export type RecordTarget = {
  readonly kind: RecordKind
  /** Default all. */
  readonly contracts?: readonly string[] | undefined
  /** Holders of balances, callers of transactions. Default all. */
  readonly accounts?: readonly string[] | undefined
}

export function tableOfTarget(target: SyncTarget): string {
  return 'tag' in target ? target.tag : target.kind
}

/** What is synchronised now. */
export type ActiveTargets = {
  /** Their tables: the same array always, so that who holds it sees what comes and goes. */
  readonly tables: readonly string[]
  tags(kind: EntityKind): readonly string[]
  records(): readonly RecordTarget[]
  find(table: string): SyncTarget | undefined
  /** Adds a target, or gives one other filters. */
  add(target: SyncTarget): void
  /** Whether it was there. */
  remove(table: string): boolean
  /** Whether rows of a table are of use: it is synchronised, or will be tried again. */
  isKept(table: string): boolean
  /** Leaves a target out because it cannot be read; `onQuarantine` is told once. */
  quarantine(table: string, why: FreshetError): void
  /** Takes in again what was left out. */
  release(): void
}

/** @throws {FreshetError} `torii/bad-model-tag`, `torii/bad-felt` */
export function createActiveTargets(
  targets: readonly SyncTarget[],
  onQuarantine: (table: string, why: FreshetError) => void,
): ActiveTargets {
  const byTable = new Map<string, SyncTarget>()
  const quarantined = new Map<string, SyncTarget>()
  const tables: string[] = []
  const add = (target: SyncTarget): void => {
    checkTarget(target)
    const table = tableOfTarget(target)
    if (!byTable.has(table)) tables.push(table)
    byTable.set(table, target)
    quarantined.delete(table)
  }
  const remove = (table: string): boolean => {
    quarantined.delete(table)
    if (!byTable.delete(table)) return false
    tables.splice(tables.indexOf(table), 1)
    return true
  }
  for (const target of targets) add(target)
  return {
    tables,
    tags(kind) {
      const wanted = kind === 'entities' ? 'model' : 'event'
      return [...byTable.values()].flatMap((target) =>
        target.kind === wanted && 'tag' in target ? [target.tag] : [],
      )
    },
    records: () => [...byTable.values()].flatMap((target) => ('tag' in target ? [] : [target])),
    find: (table) => byTable.get(table),
    add,
    remove,
    isKept: (table) => byTable.has(table) || quarantined.has(table),
    quarantine(table, why) {
      const target = byTable.get(table)
      if (!target) return
      remove(table)
      quarantined.set(table, target)
      onQuarantine(table, why)
    },
    release() {
      for (const target of quarantined.values()) add(target)
    },
  }
}

function checkTarget(target: SyncTarget): void {
  if ('tag' in target) return void parseModelTag(target.tag)
  for (const address of [...(target.contracts ?? []), ...(target.accounts ?? [])]) canonicalFelt(address)
}

export function filterOf({ contracts, accounts }: RecordTarget): RecordFilter {
  return { contracts, accounts }
}
