import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Hex } from '../engine/index.ts'

type Compiler = { readonly compile: (input: string) => string }
type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>
}
type CompiledContract = { readonly evm: { readonly deployedBytecode: { readonly object: string } } }

let compiled: ReadonlyMap<string, Hex> | undefined

/** Runtime code of one of the contracts in `contracts/`, compiled once per process. */
export function contractCode(name: string): Hex {
  compiled ??= compileAll()
  const code = compiled.get(name)
  if (code === undefined) throw new Error(`contracts/ has no ${name}.`)
  return code
}

function compileAll(): ReadonlyMap<string, Hex> {
  const folder = new URL('../../contracts/', import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.sol'))
  const sources = Object.fromEntries(
    names.map((name) => [name, { content: readFileSync(new URL(name, folder), 'utf8') }]),
  )
  const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } },
  }
  // The compiler has no types; this is its documented form, here and below.
  const compiler = createRequire(import.meta.url)('solc') as Compiler
  const input = JSON.stringify({ language: 'Solidity', sources, settings })
  const output = JSON.parse(compiler.compile(input)) as Output
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const found = Object.values(output.contracts).flatMap((file) => Object.entries(file))
  return new Map(found.map(([name, { evm }]): [string, Hex] => [name, `0x${evm.deployedBytecode.object}`]))
}
