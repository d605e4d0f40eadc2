import { FreshetError } from '@freshet/core'
import { scalars, type ModelMember, type ModelOption, type ModelType, type Scalar } from './model-type.ts'

/**
 * Reads the JSON in which a Torii declares a model's members.
 *
 * @param json - `Model.schema` of the `Worlds` call: `{ type: 'struct', content: … }`.
 * @throws {FreshetError} `torii/bad-schema`: of a kind this version does not know.
 */
export function readModelMembers(json: string, tag: string): readonly ModelMember[] {
  const type = readType(parse(json, tag), tag, 0)
  if (type.kind === 'struct') return type.members
  throw badSchema(tag, `is a ${type.kind} and not a struct`)
}

/** Deeper than any model that a chain can hold. */
const maxDepth = 64

function parse(json: string, tag: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw badSchema(tag, 'is no JSON', error)
  }
}

function readType(json: unknown, at: string, depth: number): ModelType {
  if (depth > maxDepth) throw badSchema(at, `is nested deeper than ${maxDepth} levels`)
  const { type, content } = recordOf(json, at)
  switch (type) {
    case 'primitive':
      return { kind: 'primitive', scalar: scalarOf(recordOf(content, at)['scalar_type'], at) }
    case 'bytearray':
      return { kind: 'bytearray' }
    case 'struct': {
      const { name, children } = recordOf(content, at)
      const members = listOf(children, at).map((child) => readMember(child, at, depth))
      return { kind: 'struct', name: textOf(name, at), members }
    }
    case 'enum': {
      const { name, options } = recordOf(content, at)
      return {
        kind: 'enum',
        name: textOf(name, at),
        options: listOf(options, at).map((option) => readOption(option, at, depth)),
      }
    }
    case 'tuple':
      return { kind: 'tuple', items: listOf(content, at).map((item) => readType(item, at, depth + 1)) }
    case 'array':
      return { kind: 'array', item: itemOf(listOf(content, at), at, depth) }
    case 'fixedsizearray':
    case 'fixed_size_array': {
      const [items, size] = listOf(content, at)
      if (typeof size !== 'number') throw badSchema(at, 'has a fixed array without a size')
      return { kind: 'fixed-array', item: itemOf(listOf(items, at), at, depth), size }
    }
    default:
      throw badSchema(at, `has a type ${JSON.stringify(type)} that this version does not know`)
  }
}

function readMember(json: unknown, at: string, depth: number): ModelMember {
  const { name, member_type: type, key } = recordOf(json, at)
  const text = textOf(name, at)
  return { name: text, type: readType(type, `${at}.${text}`, depth + 1), key: key === true }
}

function readOption(json: unknown, at: string, depth: number): ModelOption {
  const { name, ty } = recordOf(json, at)
  const text = textOf(name, at)
  return { name: text, type: readType(ty, `${at}.${text}`, depth + 1) }
}

function itemOf([item]: readonly unknown[], at: string, depth: number): ModelType {
  return readType(item, `${at}[]`, depth + 1)
}

function scalarOf(value: unknown, at: string): Scalar {
  const text = typeof value === 'string' ? value.toLowerCase().replaceAll('_', '') : ''
  const scalar = scalars.find((known) => known === text)
  if (scalar) return scalar
  throw badSchema(at, `has a scalar ${JSON.stringify(value)} that this version does not know`)
}

function recordOf(json: unknown, at: string): { readonly [field: string]: unknown } {
  // Checked to be an object; its fields stay unknown.
  if (typeof json === 'object' && json !== null) return json as { readonly [field: string]: unknown }
  throw badSchema(at, 'lacks a part')
}

function listOf(json: unknown, at: string): readonly unknown[] {
  if (Array.isArray(json)) return json
  throw badSchema(at, 'lacks a list')
}

function textOf(json: unknown, at: string): string {
  if (typeof json === 'string') return json
  throw badSchema(at, 'lacks a name')
}

function badSchema(at: string, what: string, cause?: unknown): FreshetError {
  return new FreshetError({
    code: 'torii/bad-schema',
    kind: 'protocol',
    message: `The schema that Torii gives for ${at} ${what}; leave this model out, or update Freshet.`,
    cause,
  })
}
