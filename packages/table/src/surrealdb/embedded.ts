export { closedWhenQuiet } from './closed-when-quiet.ts'
export { connectEmbedded } from './connect-embedded.ts'
export type { EmbeddedOptions } from './connect-embedded.ts'
