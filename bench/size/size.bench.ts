import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { benchRow, type BenchRow } from '../bench-row.ts'

type Budget = { readonly name: string; readonly entry: string; readonly limitKb: number }

const budgets: readonly Budget[] = [
  { name: 'core with views', entry: 'views.ts', limitKb: 12 },
  { name: 'core with overlay, outbox and IndexedDB', entry: 'durable.ts', limitKb: 20 },
  { name: 'the same for tabs, with sync and indexes', entry: 'shared.ts', limitKb: 31 },
  { name: 'reactive world', entry: 'world.ts', limitKb: 60 },
]

/**
 * What an application downloads: each entry as Vite builds it for production, bundled and minified by Rolldown
 * from our sources, gzipped. The release check runs this too.
 */
export async function run(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const budget of budgets) rows.push(await measureBudget(budget))
  return rows
}

async function measureBudget({ name, entry, limitKb }: Budget): Promise<BenchRow> {
  const code = await bundle(fileURLToPath(new URL(entry, import.meta.url)))
  return benchRow({
    name: `${name}, kB min+gzip`,
    measured: gzipSync(code, { level: 9 }).length / 1000,
    bound: limitKb,
    better: 'lower',
    note: `${(Buffer.byteLength(code) / 1000).toFixed(1)} kB before gzip`,
  })
}

async function bundle(input: string): Promise<string> {
  const built = await build({
    root: import.meta.dirname,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    resolve: { conditions: ['source', 'module', 'browser', 'production'] },
    build: {
      write: false,
      target: 'es2024',
      modulePreload: { polyfill: false },
      // An application's own entry exports nothing, and would lose here what it is to measure.
      rolldownOptions: { input, preserveEntrySignatures: 'strict' },
    },
  })
  // An array where several outputs are asked for, and a watcher where watching is: neither is.
  const { output } = built as Rolldown.RolldownOutput
  return output.map((part) => (part.type === 'chunk' ? part.code : '')).join('')
}
