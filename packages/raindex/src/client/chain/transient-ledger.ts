import type { Resume, Value } from '@freshet/core'
import { toHex } from '../../engine/hex.ts'
import type { Address, ChainLog, StoreSet } from '../../engine/index.ts'
import { wordsOf } from './book-changes.ts'
import { keptBlocks } from './kept-blocks.ts'
import { isLogPage, unpackLogs } from './log-page.ts'
import type { Ledger, Token } from './ledger.ts'

/**
 * A ledger that keeps no logs, for a replica that is fed straight from the chain: it knows what the replica has kept.
 *
 * @param resume - Where the replica stands. Its checkpoint is one that this ledger gave.
 */
export function createTransientLedger(resume: Resume | null): Ledger {
  const kept = [...keptBlocks(resume)]
  const { stores, tokens } = readCheckpoint(resume?.checkpoint)
  /** Of stores that are not known yet. */
  let early: ChainLog[] = []

  return {
    tip: async () => kept.at(-1),
    stores: async () => new Map(stores),
    tokens: async () => tokens,
    incompleteStores: async () => [],
    completeStores: async () => undefined,
    async commit({ header, newStores, newTokens, finalizedTo }) {
      kept.push({ number: header.number, hash: header.hash })
      // The newest that is final stays: a fork is found behind it.
      while ((kept[1]?.number ?? Infinity) <= finalizedTo) kept.shift()
      for (const [store, block] of newStores) stores.set(store, block)
      tokens.push(...newTokens)
      early = []
    },
    async addStoreLogs(logs) {
      early.push(...(isLogPage(logs) ? unpackLogs(logs) : logs))
    },
    async rewind(to) {
      while ((kept.at(-1)?.number ?? -1) > to) kept.pop()
      for (const [store, block] of stores) if (block > to) stores.delete(store)
    },
    async blocks(atOrBefore, limit) {
      return kept
        .filter(({ number }) => number <= atOrBefore)
        .toReversed()
        .slice(0, limit)
    },
    async read(after) {
      return { logs: [], upTo: kept.at(-1) ?? { number: after, hash: '0x' } }
    },
    async words(store, before): Promise<readonly StoreSet[]> {
      return wordsOf(
        early.filter(({ blockNumber }) => blockNumber < before),
        store,
      )
    },
    checkpoint: () => ({
      stores: [...stores].map(([store, block]): Value => [store, block]),
      tokens: tokens.map(({ address, decimals }): Value => [address, decimals]),
    }),
  }
}

type Kept = { readonly stores: Map<Address, number>; readonly tokens: Token[] }

function readCheckpoint(checkpoint: Value | undefined): Kept {
  const stores = new Map<Address, number>()
  const tokens: Token[] = []
  // Written by `checkpoint` above; anything else is as if nothing was known.
  const lists = (checkpoint ?? {}) as { readonly stores?: unknown; readonly tokens?: unknown }
  for (const [text, block] of pairs(lists.stores)) {
    const store = toHex(String(text), 20)
    if (store !== undefined && typeof block === 'number') stores.set(store, block)
  }
  for (const [text, decimals] of pairs(lists.tokens)) {
    const address = toHex(String(text), 20)
    if (address === undefined || (typeof decimals !== 'number' && decimals !== 'none')) continue
    tokens.push({ address, decimals, name: '', symbol: '' })
  }
  return { stores, tokens }
}

function pairs(list: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(list) ? list.filter((item: unknown): item is unknown[] => Array.isArray(item)) : []
}
