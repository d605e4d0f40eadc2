import { canonicalFelt } from '../values/felt.ts'
import type { RecordKind, RecordRows } from '../wire/record-rows.ts'

/** A record that was written. */
type RecordChange = {
  [K in RecordKind]: { readonly kind: K; readonly id: string; readonly row: RecordRows[K] }
}[RecordKind]

/** What a Torii knows besides entities: tokens, balances, contracts, transactions. */
export type WorldRecords = {
  /** In the order in which they are told: by id, the last first. */
  all<K extends RecordKind>(kind: K): readonly (readonly [id: string, row: RecordRows[K]])[]
  put<K extends RecordKind>(kind: K, row: RecordRows[K]): string
  /** As after a re-index: a record is never taken away otherwise. */
  drop(kind: RecordKind, id: string): void
  onChange(listener: (change: RecordChange) => void): () => void
}

export function createWorldRecords(): WorldRecords {
  const tables: { readonly [K in RecordKind]: Map<string, RecordRows[K]> } = {
    tokens: new Map(),
    tokenBalances: new Map(),
    tokenContracts: new Map(),
    contracts: new Map(),
    transactions: new Map(),
  }
  const listeners = new Set<(change: RecordChange) => void>()
  return {
    all: (kind) => [...tables[kind]].toSorted(([a], [b]) => (a < b ? 1 : -1)),
    put(kind, row) {
      const id = recordId(kind, row)
      tables[kind].set(id, row)
      // A kind and its row belong together by the signature; a union cannot say so.
      for (const listener of listeners) listener({ kind, id, row } as unknown as RecordChange)
      return id
    },
    drop: (kind, id) => void tables[kind].delete(id),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function recordId(kind: RecordKind, row: RecordRows[RecordKind]): string {
  if ('transactionHash' in row) return row.transactionHash
  const token = 'tokenId' in row && row.tokenId !== null ? `:${canonicalFelt(row.tokenId)}` : ''
  const account = kind === 'tokenBalances' && 'accountAddress' in row ? `${row.accountAddress}:` : ''
  return `${account}${row.contractAddress}${token}`
}
