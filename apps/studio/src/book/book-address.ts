/** What the link to an order book says. */
export type BookAddress = {
  /** The order book's own address. */
  readonly book?: string | undefined
}

const bookPath = '/book' as const

/** Reads the part of an address behind `#`. */
export function readBookAddress(hash: string): BookAddress {
  const [, query = ''] = hash.split('?', 2)
  return { book: new URLSearchParams(query).get('book')?.toLowerCase() }
}

/** The part behind `#` of a link to a book. */
export function bookAddress({ book }: BookAddress): string {
  return book === undefined ? bookPath : `${bookPath}?book=${book}`
}
