import type { ModelMember, ModelType } from './model-type.ts'

/** The JSON in which a Torii declares a type; what `readModelMembers` reads. */
export function typeToJson(type: ModelType): unknown {
  switch (type.kind) {
    case 'primitive':
      return { type: 'primitive', content: { scalar_type: type.scalar, value: null } }
    case 'bytearray':
      return { type: 'bytearray', content: '' }
    case 'struct':
      return { type: 'struct', content: { name: type.name, children: type.members.map(memberToJson) } }
    case 'enum': {
      const options = type.options.map((option) => ({ name: option.name, ty: typeToJson(option.type) }))
      return { type: 'enum', content: { name: type.name, option: null, options } }
    }
    case 'tuple':
      return { type: 'tuple', content: type.items.map(typeToJson) }
    case 'array':
      return { type: 'array', content: [typeToJson(type.item)] }
    case 'fixed-array':
      return { type: 'fixedsizearray', content: [[typeToJson(type.item)], type.size] }
  }
}

function memberToJson({ name, type, key }: ModelMember): unknown {
  return { name, member_type: typeToJson(type), key }
}
