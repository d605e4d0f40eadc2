import { useMemo, useState } from 'react'
import { useReadable } from '../data/readable.ts'
import type { StudioTable } from '../data/studio-table.ts'
import type { WriteNote } from '../data/write-ledger.ts'
import { CardPanel } from '../card/card-panel.tsx'
import { DataGrid } from '../grid/data-grid.tsx'
import { DraftRow, type DraftTexts } from '../grid/draft-row.tsx'
import { sortedBy } from '../query/sorted-by.ts'
import { useRows, type GridQuery, type GridRows } from '../query/use-rows.ts'
import { QueuePanel } from '../queue/queue-panel.tsx'
import { FreshnessStrip } from '../strip/freshness-strip.tsx'
import { editText } from '../value/edit-text.ts'
import { fieldType } from '../value/field-type.ts'
import { EmptyGrid } from './empty-grid.tsx'
import { Notices } from './notices.tsx'
import { Pager } from './pager.tsx'

const pageSizes = [25, 50, 100]

type Draft = { readonly texts: DraftTexts; readonly reasons: { readonly [field: string]: string } }

/** One table: its freshness, its rows, what may be done with them. */
export function TablePage({ table }: { readonly table: StudioTable }) {
  const [query, setQuery] = useState<GridQuery>({ order: [], typed: {}, page: 0, pageSize: 50 })
  const [draft, setDraft] = useState<Draft>()
  const [isQueueOpen, setIsQueueOpen] = useState(false)
  const drafts = useReadable(table.drafts)
  const draftIds = useMemo(() => new Set(drafts.unsaved), [drafts.unsaved])
  const found = useRows(table, query)
  const status = useReadable(table.status)
  const fields = useMemo(() => [table.schema.idField, ...Object.keys(table.schema.columns)], [table])
  const pages = Math.max(1, Math.ceil(found.total / query.pageSize))
  const isFiltered = Object.values(query.typed).some((text) => text.trim() !== '')

  const toPage = (page: number): void => setQuery({ ...query, page: Math.max(0, Math.min(page, pages - 1)) })
  const again = ({ operationId, id, values, outcome }: WriteNote): void => {
    const reasons = outcome.kind === 'rejected' ? outcome.fieldReasons : {}
    const texts = Object.entries(values).map(([field, value]): readonly [string, string] => [
      field,
      editText(value, fieldType(table.schema, field)),
    ])
    setDraft({ texts: { ...Object.fromEntries(texts), [table.schema.idField]: id }, reasons })
    table.writes.dismiss(operationId)
  }
  return (
    <main className="page">
      <FreshnessStrip table={table} isQueueOpen={isQueueOpen} onQueue={() => setIsQueueOpen(!isQueueOpen)} />
      {isQueueOpen && <QueuePanel table={table} />}
      <div className="tools">
        <RowCount found={found} isFiltered={isFiltered} />
        {isFiltered && (
          <button type="button" className="quiet" onClick={() => setQuery({ ...query, typed: {}, page: 0 })}>
            Clear filters
          </button>
        )}
        {Object.entries(found.mistakes).map(([field, message]) => (
          <span key={field} className="mistake" role="alert">
            {field}: {message}
          </span>
        ))}
        <span className="fill" />
        {drafts.trouble && (
          <span className="mistake" role="alert">
            {drafts.trouble}
          </span>
        )}
        <span className="hint keys-hint">Enter edits, at the id opens the card · Escape leaves</span>
        <Pager
          page={query.page}
          pages={pages}
          pageSize={query.pageSize}
          pageSizes={pageSizes}
          onPage={toPage}
          onPageSize={(pageSize) => setQuery({ ...query, pageSize, page: 0 })}
        />
        <button type="button" onClick={() => setDraft({ texts: {}, reasons: {} })}>
          Add row
        </button>
      </div>
      <Notices table={table} onAgain={again} />
      <div className="work">
        <DataGrid
          table={table}
          draftIds={draftIds}
          fields={fields}
          query={query}
          found={found}
          draft={
            draft && (
              <DraftRow
                key={JSON.stringify(draft)}
                table={table}
                fields={fields}
                {...draft}
                onAdd={(id, row) => {
                  table.insert(id, row)
                  setDraft(undefined)
                }}
                onCancel={() => setDraft(undefined)}
              />
            )
          }
          empty={<EmptyGrid status={status} isFiltered={isFiltered} isComplete={found.complete} />}
          onSort={(field, isFurther) =>
            setQuery({ ...query, order: sortedBy(query.order, field, isFurther), page: 0 })
          }
          onType={(field, text) => setQuery({ ...query, typed: { ...query.typed, [field]: text }, page: 0 })}
          onPage={(step) => toPage(query.page + step)}
        />
        {drafts.shown && <CardPanel key={drafts.shown.id} table={table} card={drafts.shown} />}
      </div>
    </main>
  )
}

function RowCount({ found, isFiltered }: { readonly found: GridRows; readonly isFiltered: boolean }) {
  const { total, complete } = found
  if (!complete && total === 0) return <span className="count">no rows known yet</span>
  return (
    <span className="count">
      <b>{total.toLocaleString('en')}</b> {total === 1 ? 'row' : 'rows'}
      {isFiltered && ' match'}
      {!complete && ', so far'}
    </span>
  )
}
