import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Compiles assembly/ to WebAssembly, and that to JavaScript for places that forbid WebAssembly. Both are written
// as modules so that Node, browsers, workers and tests load them alike. Does nothing when sources are unchanged.

const here = dirname(fileURLToPath(import.meta.url))
const assembly = join(here, 'assembly')
const wasmModule = join(here, 'src/wasm/wasm-code.generated.ts')
const scriptModule = join(here, 'src/wasm/script-code.generated.ts')

const require = createRequire(import.meta.url)
const compiler = require.resolve('assemblyscript/package.json')
const binaryen = createRequire(compiler).resolve('binaryen/package.json')

const mark = `// Written by build-wasm.ts from assembly/, ${sourceHash()}`
if (!isCurrent(wasmModule) || !isCurrent(scriptModule)) build()

function sourceHash(): string {
  const hash = createHash('sha256')
  const files = readdirSync(assembly)
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
  for (const file of files) hash.update(file).update(readFileSync(join(assembly, file)))
  hash.update(readFileSync(fileURLToPath(import.meta.url))).update(readFileSync(compiler))
  return hash.digest('hex').slice(0, 16)
}

function isCurrent(file: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8').startsWith(mark)
}

function build(): void {
  const scratch = mkdtempSync(join(tmpdir(), 'freshet-evm-'))
  try {
    const wasm = join(scratch, 'evm.wasm')
    const script = join(scratch, 'evm.js')
    // wasm2js knows no saturating conversions, and ours are always in range.
    const options = [
      '-O3',
      '--runtime',
      'stub',
      '--noAssert',
      '--use',
      'abort=',
      '--disable',
      'nontrapping-f2i',
    ]
    run(join(dirname(compiler), 'bin/asc.js'), join(assembly, 'index.ts'), ...options, '--outFile', wasm)
    const features = ['bulk-memory', 'bulk-memory-opt', 'sign-ext', 'mutable-globals'].map(
      (name) => `--enable-${name}`,
    )
    run(join(dirname(binaryen), 'bin/wasm2js'), wasm, '-O', ...features, '-o', script)
    const code = readFileSync(wasm).toString('base64')
    writeFileSync(wasmModule, `${mark}\nexport const wasmCode =\n  '${code}'\n`)
    writeFileSync(scriptModule, `${mark}\n// @ts-nocheck\n${factoryOf(readFileSync(script, 'utf8'))}`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function run(...args: readonly string[]): void {
  execFileSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
}

/**
 * wasm2js makes a module with one instance, part of whose state stands outside its function; we want a factory. What it
 * wants of `env` carries half of a 64-bit result to JavaScript, which never asks for one.
 */
function factoryOf(script: string): string {
  const end = script.indexOf('var retasmFunc')
  if (!script.startsWith('import * as ') || end < 0)
    throw new Error('wasm2js writes another form than this script knows')
  const body = script.slice(0, end).replaceAll(/^import \* as .*$/gm, '')
  const call = 'return asmFunc({ ...imports, env: { setTempRet0() {} } })'
  return `export function instantiateScript(imports: object): object {${body}\n${call}\n}\n`
}
