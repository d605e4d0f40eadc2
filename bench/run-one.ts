import type { BenchRun } from './bench-row.ts'
import { calibrationMs } from './measure.ts'

// Runs one bench file, given as a file URL, and sends its rows to the runner.
const [file] = process.argv.slice(2)
if (file === undefined || !process.send) throw new Error('Started by bench/run.ts only. Use npm run bench.')
// Import is untyped; a bench file that lacks `run` fails on the next line with its name in the stack.
const { run } = (await import(file)) as { run: BenchRun }
const calibration = calibrationMs()
process.send({ rows: await run(), calibration }, () => process.disconnect())
