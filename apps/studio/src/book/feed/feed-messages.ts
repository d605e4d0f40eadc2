import type { BookHealth, BookInfo, NamedBook } from '@freshet/cli/studio'
import type { OrderRow, PairRow, VaultRow } from '../book-rows.ts'

/** What the page tells the worker that follows a book for it. */
export type ToBookWorker =
  | { readonly kind: 'follow'; readonly info: BookInfo; readonly book: NamedBook }
  /** Nobody looks: ask for nothing until `follow`. */
  | { readonly kind: 'rest' }
  /** The last rows are taken in; more may come. */
  | { readonly kind: 'taken' }

export type FromBookWorker =
  | { readonly kind: 'view'; readonly changes: Partial<BookView> }
  /** Answered by `taken`. */
  | { readonly kind: 'rows'; readonly changes: readonly RowChange[] }

/** How it stands with the lists of a book. */
export type BookView = {
  /** False: nobody tells of changes; what is shown is what was known. */
  readonly isConnected: boolean
  readonly health: BookHealth | undefined
  /** When the block was made that the state is of. */
  readonly blockAtUnixMs: number | undefined
  /** Whether the lists were read to their ends. */
  readonly isRead: boolean
  /** Why the lists may be old. */
  readonly trouble: string | undefined
}

/** A row as it is now; null: it is gone. */
export type RowChange = { readonly id: string } & (
  | { readonly list: 'orders'; readonly row: OrderRow | null }
  | { readonly list: 'pairs'; readonly row: PairRow | null }
  | { readonly list: 'vaults'; readonly row: VaultRow | null }
)

export type ListName = RowChange['list']
