import type { ModelMember } from '@freshet/torii'
import type { ToriiServer } from '@freshet/torii/testing'

export const demoTag = 'ns-Position'

const u32 = { kind: 'primitive', scalar: 'u32' } as const

export const demoMembers: readonly ModelMember[] = [
  { name: 'player', type: { kind: 'primitive', scalar: 'contractaddress' }, key: true },
  {
    name: 'vec',
    key: false,
    type: {
      kind: 'struct',
      name: 'Vec2',
      members: [
        { name: 'x', type: u32, key: false },
        { name: 'y', type: u32, key: false },
      ],
    },
  },
]

/** Puts so many entities into a model of a server's world; their ids. */
export function fillWorld({ world }: ToriiServer, count: number, tag = demoTag): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const player = `0x${(index + 1).toString(16).padStart(64, '0')}`
    return world.set(tag, { player, vec: { x: index % 1_000, y: 0 } })
  })
}
