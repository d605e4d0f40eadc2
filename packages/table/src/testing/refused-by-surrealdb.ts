/**
 * The hostile rows of the contract that SurrealDB 3.0 or its SDK 2.0 would
 * alter, so that the driver refuses them.
 */
export const refusedBySurrealDb: readonly string[] = [
  'fields named like prototype members',
  'nested __proto__',
  'empty field name',
  'invalid UTF-16 in text',
  'invalid UTF-16 in a field name',
  'text that starts with a byte order mark',
  'a nested name that starts with a byte order mark',
  '2^63',
  '2^70',
  'a large float of whole value',
  'decimal of 60 digits',
  'decimal with an exponent',
  'first and last Date',
  'nested 10,000 levels',
]
