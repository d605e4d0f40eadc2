/**
 * What a precompile did: its cost and output, `failed` when it uses all gas, `unsupported` when this package
 * has no implementation.
 */
export type PrecompileResult =
  | { readonly gasUsed: number; readonly output: Uint8Array }
  | 'failed'
  | 'unsupported'
