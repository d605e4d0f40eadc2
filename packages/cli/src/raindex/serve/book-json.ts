import type { ChainFreshness, ComparedQuote } from '@freshet/raindex/client'
import type { Address, VaultRow } from '@freshet/raindex/engine'
import { display } from '@freshet/raindex/float'
import type { QuoteRow } from '@freshet/raindex/live'
import type { ServedBook } from './served-book.ts'

/** How true a book is to its chain. */
export type BookHealth = {
  readonly chainId: number
  readonly orderbook: Address
  readonly state: ChainFreshness['chain']['state']
  readonly block: number | null
  readonly head: number | null
  readonly behind: number | null
  /** Age of the block's time. */
  readonly ageMs: number | null
  /** Pieces of code that orders wait for. */
  readonly missingCode: number
  readonly orders: number
  readonly vaults: number
  /** Since it was opened; null for a book that counts neither. */
  readonly bytecodeFetches: number | null
  readonly snapshotLoads: number | null
  /** Quotes that the chain has answered otherwise, at the same block. */
  readonly divergences: number
  readonly lastError: string | null
  /** Whether this process reads the chain for others, or follows the one that does; null: it is alone. */
  readonly role: 'writer' | 'reader' | null
  readonly isHealthy: boolean
}

export function healthOf(
  { chainId, orderbook, raindex, divergences }: ServedBook,
  nowUnixMs: number,
): BookHealth {
  const { block, headBlock, timestamp, chain } = raindex.freshness
  const { live } = raindex
  return {
    chainId,
    orderbook: orderbook.address,
    state: chain.state,
    block: block ?? null,
    head: headBlock ?? null,
    behind: block === undefined || headBlock === undefined ? null : Math.max(0, headBlock - block),
    ageMs: timestamp === undefined ? null : Math.max(0, nowUnixMs - timestamp * 1_000),
    missingCode: live.status.pending.artifacts.length,
    orders: live.orders.size,
    vaults: live.vaults.size,
    bytecodeFetches: raindex.counts?.bytecodeFetches ?? null,
    snapshotLoads: raindex.counts?.snapshotLoads ?? null,
    divergences,
    lastError: (chain.freshness.lastError ?? chain.degraded)?.message ?? null,
    role: raindex.role ?? null,
    isHealthy: chain.state === 'live' && live.status.phase !== 'Errored',
  }
}

/** A quote as JSON: amounts as exact decimals. */
export function quoteJson({ ioRatio, outputMax, ...row }: QuoteRow): object {
  return {
    ...row,
    ioRatio: ioRatio === null ? null : display(ioRatio),
    outputMax: outputMax === null ? null : display(outputMax),
  }
}

export function vaultJson({ balance, ...row }: VaultRow): object {
  return { ...row, balance: display(balance) }
}

export function besideJson({ virtual, rpc, verdict, block }: ComparedQuote): object {
  return {
    virtual:
      virtual.kind === 'quote'
        ? { kind: 'quote', ioRatio: display(virtual.ioRatio), outputMax: display(virtual.outputMax) }
        : virtual,
    rpc:
      rpc?.kind === 'quote'
        ? { kind: 'quote', ioRatio: display(rpc.ioRatio), outputMax: display(rpc.outputMax) }
        : (rpc ?? null),
    verdict: verdict ?? null,
    block: block ?? null,
  }
}
