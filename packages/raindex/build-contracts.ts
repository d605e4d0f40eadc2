import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// Compiles contracts/ into src/testing/contracts.generated.ts. It takes half a minute, so what it gives is kept; a
// test compares the digest. `npm run build:contracts` after every change of a contract.

type Compiler = { readonly compile: (input: string) => string }
type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts: Readonly<Record<string, Readonly<Record<string, Contract>>>>
}
type Code = { readonly object: string }
type Contract = { readonly evm: { readonly bytecode: Code; readonly deployedBytecode: Code } }

const names = ['Interpreter', 'WordStore', 'OrderBook', 'Token'] as const
const folder = new URL('./contracts/', import.meta.url)
const target = new URL('./src/testing/contracts.generated.ts', import.meta.url)

/** What the compiler is given. */
function compilerInput(): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sol'))
  const sources = Object.fromEntries(
    files.toSorted().map((name) => [name, { content: readFileSync(new URL(name, folder), 'utf8') }]),
  )
  const settings = {
    viaIR: true,
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'cancun',
    // No hash of the sources in the code, so that a comment does not change it.
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
  }
  return JSON.stringify({ language: 'Solidity', sources, settings })
}

/** Of what the compiler is given: the generated file holds it. */
export function contractsDigest(): string {
  return createHash('sha256').update(compilerInput()).digest('hex')
}

function build(): void {
  // The compiler has no types; this is its documented form, here and below.
  const compiler = createRequire(import.meta.url)('solc') as Compiler
  const output = JSON.parse(compiler.compile(compilerInput())) as Output
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const contracts = new Map(Object.values(output.contracts).flatMap((file) => Object.entries(file)))
  const entries = names.map((name) => {
    const evm = contracts.get(name)?.evm
    if (evm === undefined) throw new Error(`contracts/ has no ${name}.`)
    const runtimeBytes = evm.deployedBytecode.object.length / 2
    return `  ${name}: {\n    runtimeBytes: ${runtimeBytes},\n    creation:\n      '0x${evm.bytecode.object}',\n  },`
  })
  const lines = [
    '// Written by build-contracts.ts from contracts/.',
    `export const contractsDigest = '${contractsDigest()}'`,
    '',
    'export const compiledContracts = {',
    ...entries,
    '} as const',
  ]
  writeFileSync(target, `${lines.join('\n')}\n`)
}

if (import.meta.main) build()
