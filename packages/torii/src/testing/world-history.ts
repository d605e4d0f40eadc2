import { randomBelow, type Random } from '@freshet/core'
import { recordKinds, type RecordKind } from '../wire/record-rows.ts'

/** One thing that happens to a world, its server, or the process that follows it. */
export type WorldStep =
  | { readonly kind: 'position' | 'moves'; readonly player: number; readonly value: number }
  /** One member, told alone. */
  | {
      readonly kind: 'member'
      readonly model: 'position' | 'moves'
      readonly player: number
      readonly value: number
    }
  /** All members but the keys. */
  | { readonly kind: 'update'; readonly player: number; readonly value: number }
  | { readonly kind: 'delete'; readonly model: 'position' | 'moves'; readonly player: number }
  | { readonly kind: 'event'; readonly player: number; readonly value: number }
  /** A token, a balance, a contract or a transaction that comes or becomes another. */
  | { readonly kind: 'record'; readonly of: RecordKind; readonly which: number; readonly value: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'cut'; readonly how: 'clean' | 'reset' | 'silent' }
  | { readonly kind: 'outage'; readonly ms: number }
  | { readonly kind: 'sql'; readonly allowed: boolean }
  | { readonly kind: 'reindex' }
  /** The process dies and another takes its place, after some time away. */
  | { readonly kind: 'restart'; readonly awayMs: number; readonly meanwhile: readonly WorldStep[] }
  /** As a restart, and the new process dies at one of its writes to the disk. */
  | { readonly kind: 'crash'; readonly atWrite: number; readonly when: 'before' | 'after' }

export type WorldHistory = {
  readonly pageSize: number
  readonly maxLatencyMs: number
  readonly faulty: boolean
  readonly maxMessageBytes: number
  /** Whether events and records are synchronised beside the models. */
  readonly hasRecords: boolean
  readonly before: readonly WorldStep[]
  readonly steps: readonly WorldStep[]
}

const [firstKind = 'tokens', ...otherKinds] = recordKinds
const recordsOften: readonly [RecordKind, ...RecordKind[]] = [firstKind, ...otherKinds]

/** So few that they meet often, so many that they fill several pages. */
const players = 14

export function makeWorldHistory(random: Random): WorldHistory {
  const count = 4 + randomBelow(random, 24)
  const hasRecords = random.next() < 0.3
  return {
    hasRecords,
    pageSize: 2 + randomBelow(random, 4),
    maxLatencyMs: pick(random, [0, 20, 200, 600]),
    faulty: random.next() < 0.5,
    maxMessageBytes: random.next() < 0.2 ? 900 : 16 * 2 ** 20,
    before: Array.from({ length: 6 + randomBelow(random, 40) }, () => makeWrite(random, hasRecords)),
    steps: Array.from({ length: count }, () => makeStep(random, hasRecords)),
  }
}

function makeStep(random: Random, hasRecords: boolean): WorldStep {
  const chance = random.next()
  if (chance < 0.6) return makeWrite(random, hasRecords)
  if (chance < 0.78) return { kind: 'wait', ms: pick(random, [10, 50, 200, 1_000, 3_000]) }
  if (chance < 0.86) return { kind: 'cut', how: pick(random, ['clean', 'reset', 'silent']) }
  if (chance < 0.9) return { kind: 'outage', ms: pick(random, [100, 2_000]) }
  if (chance < 0.92) return { kind: 'sql', allowed: random.next() < 0.5 }
  if (chance < 0.935) return { kind: 'reindex' }
  if (chance < 0.97) {
    const meanwhile = Array.from({ length: randomBelow(random, 6) }, () => makeWrite(random, hasRecords))
    return { kind: 'restart', awayMs: pick(random, [0, 1_500]), meanwhile }
  }
  return { kind: 'crash', atWrite: 1 + randomBelow(random, 4), when: pick(random, ['before', 'after']) }
}

function makeWrite(random: Random, hasRecords: boolean): WorldStep {
  if (hasRecords && random.next() < 0.6) return makeRecord(random)
  const player = 1 + randomBelow(random, players)
  const value = randomBelow(random, 1_000)
  const model = random.next() < 0.5 ? 'position' : 'moves'
  const chance = random.next()
  if (chance < 0.35) return { kind: model, player, value }
  if (chance < 0.75) return { kind: 'member', model, player, value }
  if (chance < 0.85) return { kind: 'update', player, value }
  return { kind: 'delete', model, player }
}

function makeRecord(random: Random): WorldStep {
  const value = randomBelow(random, 1_000)
  if (random.next() < 0.2) return { kind: 'event', player: 1 + randomBelow(random, players), value }
  return { kind: 'record', of: pick(random, recordsOften), which: randomBelow(random, 24), value }
}

function pick<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[randomBelow(random, choices.length)] ?? choices[0]
}
