import type { BookInfo } from '@freshet/cli/studio'
import { shortHex } from './book-words.ts'

/** What people call the parts of a book. */
export type BookNames = {
  order(hash: string): string
  token(address: string | undefined): string
  vault(vaultId: string): string
}

export function bookNames({ orders, tokens }: BookInfo): BookNames {
  const byHash = new Map(orders.map(({ hash, name }) => [hash, name]))
  const symbols = new Map(tokens.map(({ address, symbol }) => [address, symbol]))
  return {
    order: (hash) => byHash.get(hash) ?? shortHex(hash),
    token: (address = '?') => symbols.get(address) ?? shortHex(address),
    // Small ids are read as numbers.
    vault: (vaultId) => (/^0x0{48}/.test(vaultId) ? `#${BigInt(vaultId)}` : shortHex(vaultId)),
  }
}
