import type { ColumnTypes, Filter, Query, Row } from '@freshet/core'
import type { Pagination } from './pagination.ts'
import type { QueryPreview } from './query-preview.ts'
import type { WriteResult } from './table-writer.ts'

/** Names a condition that can be taken away again. */
export type ConditionHandle = { readonly condition: number }

/**
 * A table as generic code sees it, be it a plain master or a live one: what
 * accepts the one accepts the other.
 *
 * Reads see the rows of the conditions and, for `listValues`, of the page;
 * writes by id address the table. All methods reject with a `FreshetError`.
 */
export interface AnyTable<R extends Row = Row> {
  readonly tableName: string
  /** The short name a query may use for it. */
  readonly tableAlias: string
  readonly columnNames: readonly string[]
  readonly columnTypes: ColumnTypes
  readonly idFieldName: string
  readonly titleFieldNames: readonly string[]
  readonly refNames: readonly string[]
  /**
   * The rows that this row points at, as a plain table of the master.
   *
   * @throws {FreshetError} `table/unknown-reference`.
   */
  getRef(name: string, row: R): AnyTable

  /** All rows of the conditions, or those of the page, by id in order. */
  listValues(): Promise<ReadonlyMap<string, R>>
  getValue(id: string): Promise<R | undefined>
  /** The first row, if there is one. */
  getSomeValue(): Promise<readonly [id: string, row: R] | undefined>
  getCount(): Promise<number>

  /** Inserts unless the row exists; an existing row is kept as it is, and returned. */
  insertValue(id: string, row: R): Promise<R>
  /** Makes the row exactly this one, whether it exists or not. Returns it as stored. */
  replaceValue(id: string, row: R): Promise<R>
  /**
   * Sets fields of an existing row. Returns the whole row as stored.
   *
   * @throws {FreshetError} `table/not-found`: there is no such row.
   */
  patchValue(id: string, partial: Partial<R>): Promise<R>
  /** Deletes the row if it is there. */
  delete(id: string): Promise<WriteResult<R>>
  /** Deletes the rows of the conditions, and no other. */
  deleteAll(): Promise<WriteResult<R>>
  /** Inserts under an id that the backend makes; returns the id. Not idempotent. */
  insertReturnIdValue(row: R): Promise<string>

  setPagination(page: Pagination | undefined): void
  getPagination(): Pagination | undefined
  /** Narrows this table. */
  addCondition(filter: Filter): void
  /**
   * Narrows this table to `field = text`, the text read as what the column holds.
   *
   * @throws {FreshetError} `table/unknown-column`, `table/bad-value`.
   */
  addConditionEq(field: string, text: string): void
  /**
   * The condition that a row has this text in one of its columns of text, whatever the case of
   * its letters: for `addCondition`, and for the filter of a query. An empty text is every row.
   */
  searchExpression(text: string): Filter
  /**
   * How a query would be answered now, and what the master would be asked: at once, and without asking.
   * Without a query: what `listValues` would read.
   *
   * @throws {FreshetError} `table/unsupported-filter`.
   */
  preview(query?: Query): QueryPreview
  tempAddCondition(filter: Filter): ConditionHandle
  tempRemoveCondition(handle: ConditionHandle): void
}
