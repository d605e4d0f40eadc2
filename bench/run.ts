import { globSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { BenchRow } from './bench-row.ts'
import { runInFreshProcess } from './fresh-process.ts'
import { renderRows } from './render-rows.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/**
 * Runs the benchmarks whose area or name is asked for, each file in its own process, and prints their rows.
 *
 * @returns Exit code: 0 when every row holds, 1 when one does not or a file fails, 2 for a wrong call.
 */
async function runBenchmarks(args: readonly string[]): Promise<number> {
  const known = findBenches()
  const call = parseCall(args, known)
  if (call.kind === 'help') {
    console.log(help(known))
    return 0
  }
  if (call.kind === 'mistake') {
    console.error(call.sentence)
    return 2
  }
  const rows: (BenchRow & { readonly bench: string })[] = []
  let failed = 0
  for (const bench of call.benches) {
    try {
      const result = await runBench(bench)
      console.log(
        `\n${bench}  (calibration loop ${result.calibration.toFixed(1)} ms)\n${renderRows(result.rows)}`,
      )
      rows.push(...result.rows.map((row) => ({ bench, ...row })))
    } catch (error) {
      failed++
      console.error(`\n${bench} failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (call.json !== undefined) writeFileSync(call.json, `${JSON.stringify(rows, null, 2)}\n`)
  const missed = rows.filter((row) => !row.holds).length
  console.log(`\n${rows.length} rows, ${missed} do not hold${failed > 0 ? `, ${failed} files failed` : ''}`)
  return missed + failed > 0 ? 1 : 0
}

type Call =
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly sentence: string }
  | { readonly kind: 'run'; readonly benches: readonly string[]; readonly json: string | undefined }

function parseCall(args: readonly string[], known: readonly string[]): Call {
  try {
    const { values, positionals: names } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help) return { kind: 'help' }
    const unknown = names.filter((name) => !known.some((bench) => matches(bench, name)))
    if (unknown.length > 0) {
      const sentence = `There is no benchmark named ${unknown.join(', ')}. Names: ${known.join(', ')}.`
      return { kind: 'mistake', sentence }
    }
    const isAsked = (bench: string): boolean =>
      names.length === 0 ? !bench.startsWith('peers/') : names.some((name) => matches(bench, name))
    const benches = known.filter(isAsked)
    return { kind: 'run', benches, json: values.json }
  } catch (error) {
    return { kind: 'mistake', sentence: error instanceof Error ? error.message : String(error) }
  }
}

/** Names such as `core/views`, for the file `bench/core/views.bench.ts`. */
function findBenches(): string[] {
  return globSync('*/*.bench.ts', { cwd: here })
    .map((path) => path.replaceAll('\\', '/').replace(/\.bench\.ts$/, ''))
    .toSorted()
}

function matches(bench: string, name: string): boolean {
  return bench === name || bench.split('/').includes(name)
}

async function runBench(bench: string): Promise<{ rows: readonly BenchRow[]; calibration: number }> {
  const file = new URL(`${bench}.bench.ts`, import.meta.url)
  const message = await runInFreshProcess(new URL('run-one.ts', import.meta.url), [file.href])
  // Sent by run-one.ts, which is typed to send exactly this.
  return message as { rows: readonly BenchRow[]; calibration: number }
}

function help(known: readonly string[]): string {
  return `npm run bench -- [NAME…] [--json FILE]

Runs all benchmarks, or those of an area (core) or a name (core/views, views), each in a fresh process.
Those against other libraries (peers) run only by name: they are installed first, 400 MB into bench/peers.
A row holds when its ratio is within its bound; exits with 1 when one does not. --json writes the rows.

${known.map((bench) => `  ${bench}`).join('\n')}`
}

process.exitCode = await runBenchmarks(process.argv.slice(2))
