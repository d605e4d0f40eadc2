import { processIo } from './process-io.ts'
import { run } from './run.ts'

process.exitCode = await run(process.argv.slice(2), processIo())
// The demo's embedded database keeps the process alive after it was closed; anything else ends before this.
setTimeout(() => process.exit(), 1_000).unref()
