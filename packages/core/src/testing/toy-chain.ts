import type { LogBatch, Need } from '../batch.ts'
import type { Projection } from '../projection.ts'
import type { Resume, Source, StreamItem } from '../source.ts'
import type { Row } from '../value.ts'
import { createPushQueue, type PushQueue } from './push-queue.ts'
import { toyTable } from './toy-table.ts'

/** What a log of the chain says: relative, and sensitive to order. */
export type ToyLog = {
  readonly account: string
  readonly op: 'add' | 'double'
  readonly amount: number
  /** What must be known before this can be applied. */
  readonly need: Need | undefined
}

export type ToyChain = {
  readonly source: Source<ToyLog>
  readonly head: number
  mine(logs: readonly ToyLog[]): void
  /** Replaces the newest blocks by others. */
  reorg(depth: number, blocks: readonly (readonly ToyLog[])[]): void
  /** The rows a fresh reading of the whole chain gives. */
  rows(): ReadonlyMap<string, Row>
}

type Block = { readonly hash: string; readonly logs: readonly ToyLog[] }

/** A chain whose rows exist only as the sum of its logs, and whose past can change. */
export function createToyChain(): ToyChain {
  const blocks: Block[] = []
  const streams = new Set<PushQueue<StreamItem<ToyLog>>>()
  let hashes = 0

  const add = (logs: readonly ToyLog[]): void => {
    blocks.push({ hash: `#${++hashes}`, logs })
  }
  const batchOf = (position: number, rewind: boolean): LogBatch<ToyLog> => ({
    kind: 'log',
    after: position - 1,
    upTo: position,
    rewindTo: rewind ? position - 1 : undefined,
    mark: blocks[position]?.hash,
    facts: blocks[position]?.logs ?? [],
  })
  const push = (position: number, rewind: boolean): void => {
    for (const stream of streams) stream.push({ kind: 'log', batch: batchOf(position, rewind) })
  }

  return {
    get head() {
      return blocks.length - 1
    },
    mine(logs) {
      add(logs)
      push(blocks.length - 1, false)
    },
    reorg(depth, replacement) {
      const fork = Math.max(0, blocks.length - depth)
      blocks.length = fork
      for (const logs of replacement) add(logs)
      for (let position = fork; position < blocks.length; position++) push(position, position === fork)
    },
    rows() {
      const rows = new Map<string, Row>()
      for (const { logs } of blocks)
        for (const log of logs) rows.set(log.account, applyLog(rows.get(log.account), log))
      return rows
    },
    source: {
      capabilities: { kind: 'log', lossless: true, resumable: true },
      stream(resume, signal) {
        const stream = createPushQueue<StreamItem<ToyLog>>(signal)
        const start = commonAncestor(blocks, resume) + 1
        for (let position = start; position < blocks.length; position++) {
          stream.push({
            kind: 'log',
            batch: batchOf(position, position === start && start <= (resume?.position ?? -1)),
          })
        }
        stream.push({ kind: 'live' })
        streams.add(stream)
        signal.addEventListener('abort', () => streams.delete(stream), { once: true })
        return stream
      },
    },
  }
}

/** The newest position that the replica and the chain have in common [S8]. */
function commonAncestor(blocks: readonly Block[], resume: Resume | null): number {
  if (!resume || resume.position < 0) return -1
  const common = resume.marks.find(({ position, mark }) => blocks[position]?.hash === mark)
  return common?.position ?? -1
}

/** Keeps each account's value, and counts what touched it. */
export const toyProjection: Projection<ToyLog> = {
  keys: ({ account }) => [{ table: toyTable, id: account }],
  needs: ({ need }) => (need === undefined ? [] : [need]),
  apply(draft, facts) {
    for (const log of facts) draft.put(toyTable, log.account, applyLog(draft.get(toyTable, log.account), log))
  },
}

function applyLog(row: Row | undefined, { op, amount }: ToyLog): Row {
  const value = Number(row?.['value'] ?? 0)
  const touches = Number(row?.['touches'] ?? 0) + 1
  return { value: (op === 'add' ? value + amount : value * 2) % 1_000_003, touches }
}
