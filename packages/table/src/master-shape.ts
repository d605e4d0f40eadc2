import { filterKey, valueKey, type Row } from '@freshet/core'
import type { Master } from './master.ts'

/**
 * Tells masters apart that show other rows, or rows of other fields: 32 bits of
 * FNV-1a over the schema and the filter. It keeps no secret.
 */
export function shapeOf({ schema, filter }: Pick<Master, 'schema' | 'filter'>): string {
  const shape: Row = { columns: { ...schema.columns }, idField: schema.idField }
  return fingerprint(valueKey(shape) + filterKey(filter))
}

/** 32 bits of a text. */
export function fingerprint(text: string): string {
  let hash = 0x811c_9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
