import { hillValleyScope } from './demo/hill-valley.ts'

/** The port of 127.0.0.1 at which the demo's database is looked for. */
export const demoDatabasePort = 8255

/** Where the demo's bakery is, unless it was told otherwise. */
export const demoRemote = { url: `ws://127.0.0.1:${demoDatabasePort}/rpc`, ...hillValleyScope }
