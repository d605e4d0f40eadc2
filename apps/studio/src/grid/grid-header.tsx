import type { OrderTerm } from '@freshet/core'
import type { StudioTable } from '../data/studio-table.ts'
import { fieldType, isNumeric } from '../value/field-type.ts'
import { headerRow } from './grid-position.ts'

export type GridHeaderProps = {
  readonly table: StudioTable
  readonly fields: readonly string[]
  readonly order: readonly OrderTerm[]
  readonly typed: { readonly [field: string]: string }
  readonly mistakes: { readonly [field: string]: string }
  readonly activeField: string | undefined
  onSort(field: string, isFurther: boolean): void
  onType(field: string, text: string): void
}

/** Names and order of the columns, and a filter for each. */
export function GridHeader(props: GridHeaderProps) {
  const { table, fields, order, typed, mistakes, activeField, onSort, onType } = props
  const { schema } = table
  return (
    <thead>
      <tr role="row" aria-rowindex={1}>
        {fields.map((field) => {
          const type = fieldType(schema, field)
          const term = order.find((candidate) => candidate.field === field)
          return (
            <th
              key={field}
              role="columnheader"
              scope="col"
              className={`head${isNumeric(type) ? ' numeric' : ''}`}
              tabIndex={activeField === field ? 0 : -1}
              data-row={headerRow}
              data-field={field}
              aria-sort={term === undefined ? 'none' : term.direction === 'asc' ? 'ascending' : 'descending'}
              title={`${field} (${type}). Click to sort, Shift-click to sort within`}
              onClick={(event) => onSort(field, event.shiftKey)}
            >
              <span className="label">
                <span className="name">{field}</span>
                <span className="sort" aria-hidden="true">
                  {term && (term.direction === 'asc' ? '↑' : '↓')}
                  {term && order.length > 1 && <sub>{order.indexOf(term) + 1}</sub>}
                </span>
              </span>
            </th>
          )
        })}
        <th role="columnheader" scope="col" className="head actions">
          <span className="hidden">Actions</span>
        </th>
      </tr>
      <tr className="filters" role="row" aria-rowindex={2}>
        {fields.map((field) => (
          <td key={field} role="gridcell">
            <input
              type="search"
              aria-label={`Filter ${field}`}
              placeholder={isNumeric(fieldType(schema, field)) ? '>100' : 'filter'}
              spellCheck={false}
              autoComplete="off"
              value={typed[field] ?? ''}
              aria-invalid={field in mistakes || undefined}
              title={mistakes[field] ?? 'Text to look for, or =x !=x >x >=x <x <=x a..b'}
              onChange={(event) => onType(field, event.target.value)}
            />
          </td>
        ))}
        <td role="gridcell" />
      </tr>
    </thead>
  )
}
