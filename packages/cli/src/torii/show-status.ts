import { rowToJson } from '../json-value.ts'
import { visible } from '../print-table.ts'
import { findWorld, inTime } from './open-world.ts'
import type { ToriiCall } from './torii-command.ts'

/** Says what a Torii is and what it indexes. */
export async function showStatus(call: ToriiCall): Promise<number> {
  const { io, options, toriiUrl } = call
  const { torii, world } = await findWorld(call)
  const version = await inTime(toriiUrl, (signal) => torii.version(signal))
  const head = await inTime(toriiUrl, (signal) => headOf(torii.subscribeWorld(world.address, signal)))
  const models = world.models.map(({ tag }) => tag)
  if (options.json) {
    io.out(rowToJson({ version, world: world.address, head, models }))
    return 0
  }
  io.out(`Torii ${visible(version)} at ${toriiUrl}`)
  io.out(`World ${world.address}, block ${head}`)
  for (const tag of models) io.out(`  ${visible(tag)}`)
  return 0
}

async function headOf(contracts: AsyncIterable<{ readonly head?: bigint | undefined }>): Promise<bigint> {
  for await (const { head = 0n } of contracts) return head
  return 0n
}
