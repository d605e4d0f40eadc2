import type { AnyTable } from './any-table.ts'
import type { Master } from './master.ts'

type Metadata = Pick<
  AnyTable,
  'tableName' | 'tableAlias' | 'columnNames' | 'columnTypes' | 'idFieldName' | 'titleFieldNames' | 'refNames'
>

/** What a master says of its table, as it stands now. */
export function tableMetadata({ name, schema }: Master): Metadata {
  return {
    tableName: name,
    tableAlias: name.slice(0, 1),
    columnNames: [schema.idField, ...Object.keys(schema.columns)],
    columnTypes: { [schema.idField]: 'text', ...schema.columns },
    idFieldName: schema.idField,
    titleFieldNames: schema.titleFields,
    refNames: Object.keys(schema.references),
  }
}
