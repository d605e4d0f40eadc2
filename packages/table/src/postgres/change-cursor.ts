import { lsnToText, parseLsn } from './lsn.ts'

/**
 * What a place in the log belongs to: a place of another server, slot or
 * state of the table is none to go on from.
 */
export type CursorScope = {
  /** The server's own number, made when its data folder was. */
  readonly systemId: string
  readonly slot: string
  /** Changes when rows may have changed without a word. */
  readonly fingerprint: string
}

/** Names a place in the log, so that a watch can go on after it: `pg1 SYSTEM SLOT FINGERPRINT LSN`. */
export function cursorPrefix({ systemId, slot, fingerprint }: CursorScope): string {
  return `pg1 ${systemId} ${slot} ${fingerprint} `
}

/** The place that a cursor names, wherever it is of. */
export function cursorLsn(cursor: string): bigint | undefined {
  return cursor.startsWith('pg1 ') ? parseLsn(cursor.slice(cursor.lastIndexOf(' ') + 1)) : undefined
}

/** The place that a cursor names, if it is of this scope. */
export function lsnIn(scope: CursorScope, cursor: string | undefined): bigint | undefined {
  return cursor?.startsWith(cursorPrefix(scope)) === true ? cursorLsn(cursor) : undefined
}

export function cursorAt(prefix: string, lsn: bigint): string {
  return prefix + lsnToText(lsn)
}
