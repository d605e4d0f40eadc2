import { Uuid } from 'surrealdb'

/** The UUID of this text, or `undefined` when it is none. */
export function textToUuid(text: string): Uuid | undefined {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return undefined
  const digits = text.replaceAll('-', '').match(/../g) ?? []
  // Given an ArrayBuffer: for a text the SDK asks for SharedArrayBuffer, which most pages do not have.
  return new Uuid(Uint8Array.from(digits, (pair) => Number.parseInt(pair, 16)).buffer)
}
