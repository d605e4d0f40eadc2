import type { ModelMember, ModelType } from '../schema/model-type.ts'

const u32: ModelType = { kind: 'primitive', scalar: 'u32' }
const address: ModelType = { kind: 'primitive', scalar: 'contractaddress' }

/** Where an entity stands. */
export const positionMembers: readonly ModelMember[] = [
  { name: 'player', type: address, key: true },
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

const direction: ModelType = {
  kind: 'enum',
  name: 'Direction',
  options: ['Left', 'Right', 'Up', 'Down'].map((name) => ({ name, type: { kind: 'tuple', items: [] } })),
}

/** What an entity can still do. */
export const movesMembers: readonly ModelMember[] = [
  { name: 'player', type: address, key: true },
  { name: 'remaining', type: { kind: 'primitive', scalar: 'u64' }, key: false },
  { name: 'last_direction', type: direction, key: false },
]
