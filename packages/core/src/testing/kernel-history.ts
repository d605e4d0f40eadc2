import { randomBelow, type Random } from '../random.ts'

/** One step of a history. Plain data, so that a history can be printed, shrunk and run again. */
export type KernelStep =
  | { readonly kind: 'write'; readonly id: string; readonly value: number }
  | { readonly kind: 'delete'; readonly id: string }
  /** The application asks for a row. */
  | { readonly kind: 'read'; readonly id: string }
  | {
      readonly kind: 'mine'
      readonly logs: readonly {
        account: string
        op: 'add' | 'double'
        amount: number
        need: string | undefined
      }[]
    }
  | { readonly kind: 'reorg'; readonly depth: number; readonly blocks: number }
  | { readonly kind: 'ready'; readonly need: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'outage'; readonly ms: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'crash'; readonly atWrite: number; readonly when: 'before' | 'after' }

export type ToyKind =
  | 'table'
  | 'versioned-table'
  | 'resumable-table'
  | 'waiting-table'
  | 'world'
  | 'resumable-world'
  | 'held-rows'
  | 'resumable-held-rows'
  | 'chain'

const toys: readonly ToyKind[] = [
  'table',
  'versioned-table',
  'resumable-table',
  'waiting-table',
  'world',
  'resumable-world',
  'held-rows',
  'resumable-held-rows',
  'chain',
]

export type KernelHistory = {
  readonly toy: ToyKind
  readonly lossless: boolean
  readonly maxLatencyMs: number
  readonly faulty: boolean
  /** Steps the remote has taken before the replica first sees it. */
  readonly before: readonly KernelStep[]
  readonly steps: readonly KernelStep[]
}

const needs = ['code:a', 'code:b', 'schema:c']

/** Whether only the rows that are asked for are held. */
export function holdsRows(toy: ToyKind): boolean {
  return toy === 'held-rows' || toy === 'resumable-held-rows'
}

/** What a row of the waiting table needs before it can be applied. */
export function rowNeed(id: string): string {
  return `schema:${id}`
}

/** Everything a history may need. */
export const allNeeds: readonly string[] = [
  ...needs,
  ...Array.from({ length: 9 }, (_, row) => rowNeed(`row${row}`)),
]

/** A history by its seed. */
export function makeKernelHistory(random: Random): KernelHistory {
  const toy = pick(random, toys)
  const length = 5 + randomBelow(random, 30)
  // A restart reads everything again and so heals what went wrong before it.
  const restarts = random.next() < 0.4
  return {
    toy,
    lossless: toy === 'chain' || random.next() < 0.7,
    maxLatencyMs: pick(random, [0, 20, 100, 400]),
    faulty: random.next() < 0.6,
    before: Array.from({ length: 12 }, () => (toy === 'chain' ? chainStep(random) : rowStep(random, toy))),
    steps: Array.from({ length }, () => makeStep(random, toy, restarts)),
  }
}

function makeStep(random: Random, toy: ToyKind, restarts: boolean): KernelStep {
  const roll = random.next() * (restarts ? 1 : 0.91)
  if (roll < 0.5) return toy === 'chain' ? chainStep(random) : rowStep(random, toy)
  if (roll < 0.8) return { kind: 'wait', ms: pick(random, [0, 5, 30, 100, 300, 1_000]) }
  if (roll < 0.88) return { kind: 'cut' }
  if (roll < 0.91) return { kind: 'outage', ms: pick(random, [10, 300, 3_000]) }
  if (roll < 0.95) return { kind: 'restart' }
  return {
    kind: 'crash',
    atWrite: 1 + randomBelow(random, 4),
    when: random.next() < 0.5 ? 'before' : 'after',
  }
}

function rowStep(random: Random, toy: ToyKind): KernelStep {
  // Few rows where each is read alone, so that reads and changes of one row cross.
  const id = `row${randomBelow(random, holdsRows(toy) ? 3 : 9)}`
  const roll = random.next()
  if (toy === 'waiting-table' && roll > 0.9) return { kind: 'ready', need: rowNeed(id) }
  if (roll < 0.15) return { kind: 'delete', id }
  if (roll < 0.4) return { kind: 'read', id }
  return { kind: 'write', id, value: randomBelow(random, 4) }
}

function chainStep(random: Random): KernelStep {
  const roll = random.next()
  if (roll < 0.2)
    return { kind: 'reorg', depth: 1 + randomBelow(random, 4), blocks: 1 + randomBelow(random, 5) }
  if (roll < 0.4) return { kind: 'ready', need: pick(random, needs) }
  return { kind: 'mine', logs: Array.from({ length: randomBelow(random, 4) }, () => makeLog(random)) }
}

export function makeLog(random: Random) {
  return {
    account: `account${randomBelow(random, 3)}`,
    op: random.next() < 0.6 ? ('add' as const) : ('double' as const),
    amount: 1 + randomBelow(random, 9),
    need: random.next() < 0.25 ? pick(random, needs) : undefined,
  }
}

function pick<T>(random: Random, choices: readonly [T, ...T[]] | readonly T[]): T {
  const chosen = choices[randomBelow(random, choices.length)]
  if (chosen === undefined) throw new RangeError('Nothing to choose from.')
  return chosen
}
