import type { BookInfo, NamedBook } from '@freshet/cli/studio'
import { shortHex } from './book-words.ts'

/** What people call the parts of a book. */
export type BookNames = {
  order(hash: string): string
  /** Orders that have a name come first, in their order. Text to sort by. */
  place(hash: string): string
  token(address: string | undefined): string
  vault(vaultId: string): string
}

export function bookNames({ tokens }: Pick<BookInfo, 'tokens'>, { orders }: NamedBook): BookNames {
  const byHash = new Map(orders.map(({ hash, name }) => [hash, name]))
  const places = new Map(orders.map(({ hash }, at) => [hash, String(at).padStart(6, '0')]))
  const symbols = new Map(tokens.map(({ address, symbol }) => [address, symbol]))
  return {
    order: (hash) => byHash.get(hash) ?? shortHex(hash),
    place: (hash) => places.get(hash) ?? '~',
    token: (address = '?') => symbols.get(address) ?? shortHex(address),
    // Small ids are read as numbers.
    vault: (vaultId) => (/^0x0{48}/.test(vaultId) ? `#${BigInt(vaultId)}` : shortHex(vaultId)),
  }
}
