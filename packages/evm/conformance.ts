import { fileURLToPath } from 'node:url'
import { bytesToHex, type Hex } from './src/bytes.ts'
import { prepareEngine, prepareNode, runMetered, runOnNode } from './src/testing/metered-node.ts'
import { makeProgram, type Program } from './src/testing/program.ts'
import { installRealEngines, openAnvil, openEdr } from './src/testing/real-engines.ts'
import { createWasmEvm } from './src/wasm/wasm-evm.ts'
import type { EvmEngine, ReadSet } from './src/engine.ts'

// Runs random programs on our engine, on anvil and on EDR (both revm) and compares status, gas and output.
//   node --conditions=source packages/evm/conformance.ts [programs] [seed]

const [programs = 5000, seed = 1] = process.argv.slice(2).map(Number)
const folder = fileURLToPath(new URL('../../.freshet/real-engines', import.meta.url))

if (installRealEngines(folder)) process.exitCode = await compareAll()
else console.log('The real engines cannot be installed here, so nothing was compared.')

async function compareAll(): Promise<number> {
  const ours = await createWasmEvm({ unknown: 'empty' })
  prepareEngine(ours)
  const engines = [await openAnvil(folder), await openEdr(folder)]
  let compared = 0
  let wrong = 0
  for (const engine of engines) await prepareNode(engine)
  for (let index = 0; compared < programs; index++) {
    const program = makeProgram(seed, index)
    const expected = runOurs(ours, program)
    // Blocks and hooks differ from node to node; everything else must not.
    if (program.fork !== 'osaka' || expected === undefined) continue
    compared++
    for (const engine of engines) {
      const got = await runOnNode(engine, program)
      if (got === expected) continue
      wrong++
      console.log(`${engine.name}, seed ${seed}, program ${index}\n  ours ${expected}\n  real ${String(got)}`)
    }
  }
  for (const engine of engines) engine.close()
  console.log(
    `conformance: ${compared} programs on ${engines.map(({ name }) => name).join(' and ')}, ${wrong} differ`,
  )
  return wrong === 0 ? 0 : 1
}

/** Undefined when the answer depends on the block or is not ours to give. */
function runOurs(ours: EvmEngine, program: Program): Hex | undefined {
  const result = runMetered(ours, program)
  return result.status === 'ok' && !dependsOnBlock(result.reads) ? bytesToHex(result.output) : undefined
}

function dependsOnBlock({ time, number, block, accounts }: ReadSet): boolean {
  return (
    time || number || block || accounts.some((address) => BigInt(address) === BigInt(`0x${'cb'.repeat(20)}`))
  )
}
