import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bytesToHex } from './src/bytes.ts'
import { createReferenceEvm } from './src/reference/create-reference.ts'
import { prepareEngine, prepareNode, runMetered, runOnNode } from './src/testing/metered-node.ts'
import { caller, contracts } from './src/testing/program.ts'
import { installRealEngines, openAnvil } from './src/testing/real-engines.ts'
import { vectorPrograms, type VectorProgram } from './src/testing/vector-programs.ts'
import { vectorsFile, type Vector } from './src/testing/vectors.ts'
import { createWasmEvm } from './src/wasm/wasm-evm.ts'

// Writes vectors/static-calls.generated.json: what the reference engine makes of the programs of src/testing/vector-programs.ts.
// Where anvil can be installed, each must end there as on ours, with the same gas and output; ours is tested against
// the file. After a change of the programs: node --conditions=source packages/evm/make-vectors.ts

const folder = fileURLToPath(new URL('../../.freshet/real-engines', import.meta.url))

/** How the programs end on the reference engine. */
async function runReference(programs: readonly VectorProgram[]): Promise<readonly Vector[]> {
  const reference = await createReferenceEvm({ unknown: 'empty' })
  prepareEngine(reference)
  const vectors: Vector[] = []
  for (const program of programs) {
    program.codes.forEach((code, index) => reference.setCode(contracts[index] ?? contracts[0], code))
    const { data, gas } = program
    const result = await reference.staticCall({ to: contracts[0], from: caller, data, gas: BigInt(gas) })
    const { status, gasUsed, output } = result
    if (status === 'missing' || status === 'unsupported') throw new Error(`${program.name} is ${status}`)
    vectors.push({ ...program, status, gasUsed: Number(gasUsed), output: bytesToHex(output) })
  }
  return vectors
}

/** The names of the programs that end otherwise on anvil than on ours. */
async function differentOnAnvil(programs: readonly VectorProgram[]): Promise<readonly string[]> {
  const ours = await createWasmEvm({ unknown: 'empty' })
  prepareEngine(ours)
  const anvil = await openAnvil(folder)
  await prepareNode(anvil)
  const different: string[] = []
  for (const program of programs) {
    const call = { ...program, gas: BigInt(program.gas) }
    const expected = bytesToHex(runMetered(ours, call).output)
    const got = await runOnNode(anvil, call)
    if (got !== expected)
      different.push(`${program.family}, ${program.name}: ours ${expected}, anvil ${String(got)}`)
  }
  anvil.close()
  return different
}

const vectors = await runReference(vectorPrograms())
const different = installRealEngines(folder) ? await differentOnAnvil(vectors) : undefined
if (different !== undefined && different.length > 0) {
  console.log(different.join('\n'))
  process.exitCode = 1
} else {
  mkdirSync(new URL('.', vectorsFile), { recursive: true })
  writeFileSync(vectorsFile, `[\n${vectors.map((vector) => JSON.stringify(vector)).join(',\n')}\n]\n`)
  const checked = different === undefined ? 'anvil cannot be installed here' : 'the same on anvil'
  console.log(`${vectors.length} vectors, ${checked}`)
}
