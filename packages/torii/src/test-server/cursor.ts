import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** A cursor as Torii makes it: the order values of the last row of a page, deflated, in base64url without padding. */
export function encodeCursor(eventId: string): string {
  return deflateRawSync(Buffer.from(eventId)).toString('base64url')
}

/** The event id in a cursor; undefined for one that Torii would refuse. */
export function decodeCursor(cursor: string): string | undefined {
  try {
    return inflateRawSync(Buffer.from(cursor, 'base64url'), { maxOutputLength: 10_000 }).toString('utf8')
  } catch {
    return undefined
  }
}
