import { FreshetError } from '@freshet/core'
import { artifactsOf, type Address, type Artifact, type Hex, type Order } from '@freshet/raindex/engine'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readText } from './read-text.ts'

/**
 * Reads a folder of contracts, a JSON file `{name, address, runtime}` for each, as the code that orders run on.
 *
 * All of it is there for programs to call; what an order names as its interpreter or store is that as well.
 *
 * @throws {FreshetError} `cli/bad-file`.
 */
export async function readContracts(folder: string, orders: readonly Order[]): Promise<readonly Artifact[]> {
  const code = new Map<Address, Hex>()
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    const [address, runtime] = readContract(await readText(path), path)
    code.set(address, runtime)
  }
  const artifacts = [...code].map(([address, bytecode]): Artifact => ({ kind: 'Aux', address, bytecode }))
  const named = new Map(orders.flatMap(artifactsOf).map((id) => [`${id.kind}/${id.address}`, id]))
  for (const id of named.values()) {
    const bytecode = code.get(id.address)
    if (bytecode !== undefined) artifacts.push({ ...id, bytecode })
  }
  return artifacts
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted()
  } catch (cause) {
    throw badFile(`The folder ${folder} cannot be read. Check its name.`, cause)
  }
}

function readContract(text: string, path: string): readonly [Address, Hex] {
  const { address, runtime } = readRecord(text)
  const isContract =
    typeof address === 'string' &&
    typeof runtime === 'string' &&
    /^0x[0-9a-f]{40}$/i.test(address) &&
    /^0x([0-9a-f]{2})+$/i.test(runtime)
  if (!isContract)
    throw badFile(`The file ${path} is no contract. Write {"name", "address", "runtime"} with 0x hex.`)
  // Their shapes were checked above.
  return [address.toLowerCase() as Address, runtime.toLowerCase() as Hex]
}

function readRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    // Any record can be read by name; each field is checked by the caller.
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function badFile(message: string, cause?: unknown): FreshetError {
  return new FreshetError({ code: 'cli/bad-file', kind: 'usage', message, cause })
}
