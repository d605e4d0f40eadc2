import { randomBelow, type Random } from '@freshet/core'

/** One step of a history of edit sessions. Plain data, so that it can be printed, shrunk and run again. */
export type SessionStep =
  /** Someone who uses no session writes to the master itself. */
  | { readonly kind: 'theirs'; readonly id: string; readonly field: Field }
  | { readonly kind: 'theirsBack'; readonly id: string; readonly field: Field }
  | { readonly kind: 'theirsDelete'; readonly id: string }
  | { readonly kind: 'open'; readonly client: number; readonly id: string; readonly auto: boolean }
  | { readonly kind: 'make'; readonly client: number; readonly byBackend: boolean }
  /** Types into a field of the newest session of a client. */
  | { readonly kind: 'type'; readonly client: number; readonly field: Field }
  | {
      readonly kind: 'save'
      readonly client: number
      readonly wait: 'remote' | 'local'
      readonly guard: Guarding
    }
  | { readonly kind: 'refresh'; readonly client: number }
  | { readonly kind: 'resolve'; readonly client: number; readonly how: 'local' | 'remote' }
  | { readonly kind: 'delete'; readonly client: number; readonly wait: 'remote' | 'local' }
  | { readonly kind: 'keep'; readonly client: number }
  | { readonly kind: 'openKept'; readonly client: number }
  | { readonly kind: 'leave'; readonly client: number }
  | { readonly kind: 'retry' | 'discard'; readonly client: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'outage'; readonly ms: number }
  /** The process ends as it should, or dies, and starts again. */
  | { readonly kind: 'restart' | 'kill'; readonly client: number }

export type Field = 'a' | 'b'
export type Guarding = 'fields' | 'version' | 'none'

export type SessionHistory = {
  readonly clients: number
  /** The clients are tabs on one store. */
  readonly tabs: boolean
  readonly returnedRow: boolean
  readonly versions: boolean
  readonly maxLatencyMs: number
  readonly faulty: boolean
  readonly steps: readonly SessionStep[]
}

export const sessionRows: readonly string[] = ['row0', 'row1', 'row2']

export function makeSessionHistory(random: Random): SessionHistory {
  const chance = (probability: number): boolean => random.next() < probability
  const clients = 1 + randomBelow(random, 3)
  return {
    clients,
    tabs: clients > 1 && chance(0.4),
    returnedRow: chance(0.75),
    versions: chance(0.5),
    maxLatencyMs: pick(random, [0, 0, 5, 50, 400]),
    faulty: chance(0.6),
    steps: Array.from({ length: 6 + randomBelow(random, 22) }, () => makeSteps(random, clients)).flat(),
  }
}

function makeSteps(random: Random, clients: number): readonly SessionStep[] {
  const client = randomBelow(random, clients)
  const field = pick(random, ['a', 'b'] as const)
  const roll = random.next()
  if (roll < 0.7) return [makeStep(random, client, field)]
  const type: SessionStep = { kind: 'type', client, field }
  const save: SessionStep = {
    kind: 'save',
    client,
    wait: random.next() < 0.5 ? 'remote' : 'local',
    guard: pick(random, ['fields', 'fields', 'fields', 'version', 'none'] as const),
  }
  const id = pick(random, sessionRows)
  // An edit of one field, often crossed by someone else's of the same.
  const open: SessionStep = { kind: 'open', client, id, auto: random.next() < 0.5 }
  const theirs: SessionStep = { kind: 'theirs', id, field }
  const wait: SessionStep = { kind: 'wait', ms: pick(random, [0, 1, 10, 100, 700]) }
  if (roll < 0.85) return [open, type, save, wait]
  if (roll < 0.95) return [open, type, theirs, save, wait]
  // Saved, undone by someone else, and maybe sent again.
  return [open, type, save, wait, { kind: 'theirsBack', id, field }, wait]
}

function makeStep(random: Random, client: number, field: Field): SessionStep {
  const roll = random.next()
  const id = pick(random, sessionRows)
  const wait = random.next() < 0.5 ? 'remote' : 'local'
  if (roll < 0.1) return { kind: 'theirs', id, field }
  if (roll < 0.13) return { kind: 'theirsDelete', id }
  if (roll < 0.22) return { kind: 'open', client, id, auto: random.next() < 0.5 }
  if (roll < 0.26) return { kind: 'make', client, byBackend: random.next() < 0.3 }
  if (roll < 0.4) return { kind: 'type', client, field }
  if (roll < 0.54) return { kind: 'save', client, wait, guard: 'fields' }
  if (roll < 0.57) return { kind: 'refresh', client }
  if (roll < 0.62) return { kind: 'resolve', client, how: random.next() < 0.6 ? 'local' : 'remote' }
  if (roll < 0.65) return { kind: 'delete', client, wait }
  if (roll < 0.68) return { kind: 'keep', client }
  if (roll < 0.7) return { kind: 'openKept', client }
  if (roll < 0.73) return { kind: 'leave', client }
  if (roll < 0.77) return { kind: random.next() < 0.6 ? 'retry' : 'discard', client }
  if (roll < 0.86) return { kind: 'wait', ms: pick(random, [0, 1, 10, 100, 700]) }
  if (roll < 0.89) return { kind: 'cut' }
  if (roll < 0.93) return { kind: 'outage', ms: pick(random, [10, 300, 3_000]) }
  return { kind: roll < 0.95 ? 'restart' : 'kill', client }
}

function pick<T>(random: Random, choices: readonly T[]): T {
  const chosen = choices[randomBelow(random, choices.length)]
  if (chosen === undefined) throw new RangeError('Nothing to choose from.')
  return chosen
}
