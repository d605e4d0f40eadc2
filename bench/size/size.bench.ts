import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { benchRow, type BenchRow } from '../bench-row.ts'

/** One budget of `.size-limit.json`, which the release check reads as well. */
type Budget = { readonly name: string; readonly path: string; readonly limit: string }

const root = new URL('../../', import.meta.url)

/** What an application downloads: each entry bundled for the browser from source, minified, gzipped. */
export async function run(): Promise<readonly BenchRow[]> {
  const text = await readFile(new URL('.size-limit.json', root), 'utf8')
  // Our own file; a missing field shows as a row that does not hold.
  const budgets = JSON.parse(text) as Budget[]
  return Promise.all(budgets.map(measureBudget))
}

async function measureBudget({ name, path, limit }: Budget): Promise<BenchRow> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, root))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['source'],
    logLevel: 'silent',
  })
  const bytes = outputFiles[0]?.contents ?? new Uint8Array()
  const kilobytes = gzipSync(bytes, { level: 9 }).length / 1000
  return benchRow({
    name: `${name}, kB min+gzip`,
    measured: kilobytes,
    bound: Number.parseFloat(limit),
    better: 'lower',
    note: `${(bytes.length / 1000).toFixed(1)} kB before gzip`,
  })
}
