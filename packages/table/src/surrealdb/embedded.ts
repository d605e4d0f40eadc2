export { connectEmbedded } from './connect-embedded.ts'
export type { EmbeddedOptions } from './connect-embedded.ts'
