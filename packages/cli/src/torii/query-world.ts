import { canonicalFelt, type MemberCondition, type ModelMember, type ModelType } from '@freshet/torii'
import type { Value } from '@freshet/core'
import { rowToJson } from '../json-value.ts'
import { badCall } from '../parse-call.ts'
import { withProgress } from '../progress.ts'
import { findWorld, inTime, openWorld, whenLive } from './open-world.ts'
import type { ToriiCall } from './torii-command.ts'

/** Prints the entities of a model that match `member=value` words, one JSON document per line. */
export async function queryWorld(call: ToriiCall): Promise<number> {
  const { io, words } = call
  const [model, ...conditions] = words
  if (model === undefined) throw badCall('Name a model: freshet torii query URL MODEL [MEMBER=VALUE…].')
  const found = await findWorld(call)
  const client = await openWorld(call, found, [model])
  try {
    const { torii, world } = found
    const { known } = await inTime(call.toriiUrl, (signal) => torii.schemas(world.address, [model], signal))
    const [schema] = known
    const where = conditions.map((text) => readCondition(schema?.members ?? [], text))
    await withProgress(io, `Reading ${model}`, () => whenLive(client, io, io.interrupted()))
    const { rows, ids } = client.query(model, { filter: { where } })
    for (const [index, row] of rows.entries()) io.out(rowToJson({ entityId: ids[index] ?? '', ...row }))
    io.err(`${rows.length} entities`)
    return 0
  } finally {
    await client.shutdown()
  }
}

/** Reads `vec.x=4` as what the member holds. */
function readCondition(members: readonly ModelMember[], text: string): MemberCondition {
  const at = text.indexOf('=')
  if (at <= 0) throw badCall(`${JSON.stringify(text)} is no condition; write MEMBER=VALUE, such as vec.x=4.`)
  const member = text.slice(0, at)
  const type = typeAt(members, member.split('.'))
  if (!type)
    throw badCall(
      `There is no member ${member}. This model has ${members.map(({ name }) => name).join(', ')}.`,
    )
  return { member, op: 'eq', value: readValue(type, text.slice(at + 1), member) }
}

function typeAt(members: readonly ModelMember[], [name, ...rest]: readonly string[]): ModelType | undefined {
  const type = members.find((member) => member.name === name)?.type
  if (!type || rest.length === 0) return type
  return type.kind === 'struct' ? typeAt(type.members, rest) : undefined
}

function readValue(type: ModelType, text: string, member: string): Value {
  if (type.kind !== 'primitive') return text
  const { scalar } = type
  if (scalar === 'bool') return text === 'true'
  if (scalar === 'ethaddress') return text.toLowerCase()
  if (scalar === 'felt252' || scalar === 'classhash' || scalar === 'contractaddress')
    return canonicalFelt(text)
  if (!/^-?\d+$/.test(text)) throw badCall(`${member} holds a whole number, not ${JSON.stringify(text)}.`)
  return /^[iu](8|16|32)$/.test(scalar) ? Number(text) : BigInt(text)
}
