import { compilePredicate, FreshetError, type Filter, type Row, type Value } from '@freshet/core'
import { equalFilter, spellings } from '../client/entity-filter.ts'
import { enumFormOf, type ModelMember, type ModelSchema } from '../schema/model-type.ts'
import { serializedFelts } from '../values/entity-id.ts'
import { canonicalFelt, feltText } from '../values/felt.ts'

/** What the SDK's `ToriiQueryBuilder` makes of its clauses. */
export type DojoClause =
  | { readonly HashedKeys: readonly string[] }
  | { readonly Keys: DojoKeys }
  | { readonly Member: DojoMember }
  | { readonly Composite: { readonly operator: 'And' | 'Or'; readonly clauses: readonly DojoClause[] } }

export type DojoKeys = {
  /** Key felts in their order; none in a place stands for any. */
  readonly keys: readonly (string | null | undefined)[]
  readonly pattern_matching: 'FixedLen' | 'VariableLen'
  /** Default any model. */
  readonly models: readonly string[]
}

export type DojoMember = {
  readonly model: string
  readonly member: string
  readonly operator: string
  readonly value: DojoMemberValue
}

export type DojoMemberValue =
  | { readonly Primitive: { readonly [type: string]: string | number | bigint | boolean | undefined } }
  | { readonly String: string }
  | { readonly List: readonly DojoMemberValue[] }

/** Whether an entity is meant, by its id and what it holds of a model. */
export type EntityTest = (id: string, rowOf: (tag: string) => Row | undefined) => boolean

/** @throws {FreshetError} `torii/bad-clause` */
export function compileClause(
  clause: DojoClause | null | undefined,
  schemas: ReadonlyMap<string, ModelSchema>,
): EntityTest {
  if (!clause) return () => true
  if ('HashedKeys' in clause) {
    const ids = new Set(clause.HashedKeys.map(canonicalFelt))
    return (id) => ids.has(id)
  }
  if ('Keys' in clause) return compileKeys(clause.Keys, schemas)
  if ('Member' in clause) return compileMember(clause.Member, schemas)
  if ('Composite' in clause) {
    const { operator, clauses } = clause.Composite
    const tests = clauses.map((each) => compileClause(each, schemas))
    return operator === 'Or'
      ? (id, rowOf) => tests.some((test) => test(id, rowOf))
      : (id, rowOf) => tests.every((test) => test(id, rowOf))
  }
  throw badClause(`is of no known kind: ${JSON.stringify(Object.keys(clause))}`)
}

function compileKeys(
  { keys, pattern_matching: pattern, models }: DojoKeys,
  schemas: ReadonlyMap<string, ModelSchema>,
): EntityTest {
  const tags = models.length > 0 ? models : [...schemas.keys()]
  // An empty text stands for any, too.
  const wanted = keys.map((key) => (key ? canonicalFelt(key) : undefined))
  return (_, rowOf) =>
    tags.some((tag) => {
      const row = rowOf(tag)
      if (!row) return false
      const felts = keyFelts(schemas.get(tag)?.members ?? [], row)
      const isLong = pattern === 'FixedLen' ? felts.length === wanted.length : felts.length >= wanted.length
      return isLong && wanted.every((key, at) => key === undefined || key === felts[at])
    })
}

function keyFelts(members: readonly ModelMember[], row: Row): readonly string[] {
  return members
    .filter(({ key }) => key)
    .flatMap(({ name, type }) => serializedFelts(type, row[name], name))
    .map(feltText)
}

const orders = { Gt: 'gt', Gte: 'gte', Lt: 'lt', Lte: 'lte' } as const

function compileMember(
  { model, member, operator, value }: DojoMember,
  schemas: ReadonlyMap<string, ModelSchema>,
): EntityTest {
  const field = isTagged(schemas.get(model)?.members ?? [], member) ? `${member}.variant` : member
  const matches = compilePredicate(memberFilter(field, operator, value))
  return (_, rowOf) => {
    const row = rowOf(model)
    return row !== undefined && matches(row)
  }
}

function memberFilter(field: string, operator: string, value: DojoMemberValue): Filter {
  switch (operator) {
    case 'Eq':
      return equalFilter(field, plainOf(value))
    case 'Neq':
      return { op: 'not', filter: equalFilter(field, plainOf(value)) }
    case 'In':
      return { op: 'in', field, values: listOf(value) }
    case 'NotIn':
      return { op: 'not', filter: { op: 'in', field, values: listOf(value) } }
    case 'Gt':
    case 'Gte':
    case 'Lt':
    case 'Lte':
      return { op: orders[operator], field, value: plainOf(value) }
    default:
      throw badClause(
        `has the operator ${operator}; the replica knows Eq, Neq, In, NotIn, ${Object.keys(orders).join(', ')}`,
      )
  }
}

/** The SDK says felts as texts, as they were written. */
function listOf(value: DojoMemberValue): readonly Value[] {
  return ('List' in value ? value.List : [value]).flatMap((each) => spellings(plainOf(each)))
}

/** A value as rows hold it. */
function plainOf(value: DojoMemberValue): Value {
  if ('String' in value) return value.String
  if ('List' in value) return value.List.map(plainOf)
  const [[type, plain] = ['', undefined]] = Object.entries(value.Primitive)
  if (plain === undefined) throw badClause('compares with a value that is none')
  if (typeof plain === 'boolean') return plain
  switch (type) {
    case 'Felt252':
    case 'ClassHash':
    case 'ContractAddress':
      return canonicalFelt(plain)
    case 'EthAddress':
      return `0x${wholeOf(plain).toString(16).padStart(40, '0')}`
    default:
      return wholeOf(plain)
  }
}

function wholeOf(value: string | number | bigint): bigint {
  try {
    return BigInt(value)
  } catch {
    throw badClause(`compares with ${JSON.stringify(String(value)).slice(0, 90)}, which is no whole number`)
  }
}

/** Whether a member is an enum that is held as a record with its variant. */
function isTagged(members: readonly ModelMember[], path: string): boolean {
  const [first, ...rest] = path.split('.')
  const type = members.find(({ name }) => name === first)?.type
  if (type?.kind === 'struct' && rest.length > 0) return isTagged(type.members, rest.join('.'))
  return type?.kind === 'enum' && rest.length === 0 && enumFormOf(type) === 'tagged'
}

function badClause(what: string): FreshetError {
  return new FreshetError({ code: 'torii/bad-clause', kind: 'usage', message: `The clause ${what}.` })
}
