import { processTerminal } from './process-terminal.ts'
import { runStudioDemo } from './run-studio-demo.ts'

await runStudioDemo({}, processTerminal())
// The embedded database keeps the process alive after it was closed.
process.exit()
