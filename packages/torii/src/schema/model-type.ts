/** The scalars of Cairo that Torii knows. */
export const scalars = [
  'i8',
  'i16',
  'i32',
  'i64',
  'i128',
  'u8',
  'u16',
  'u32',
  'u64',
  'u128',
  'u256',
  'bool',
  'felt252',
  'classhash',
  'contractaddress',
  'ethaddress',
] as const

export type Scalar = (typeof scalars)[number]

/** The type of a member of a model. */
export type ModelType =
  | { readonly kind: 'primitive'; readonly scalar: Scalar }
  | { readonly kind: 'bytearray' }
  | { readonly kind: 'struct'; readonly name: string; readonly members: readonly ModelMember[] }
  | { readonly kind: 'enum'; readonly name: string; readonly options: readonly ModelOption[] }
  | { readonly kind: 'tuple'; readonly items: readonly ModelType[] }
  | { readonly kind: 'array'; readonly item: ModelType }
  | { readonly kind: 'fixed-array'; readonly item: ModelType; readonly size: number }

export type ModelMember = { readonly name: string; readonly type: ModelType; readonly key: boolean }

export type ModelOption = { readonly name: string; readonly type: ModelType }

/** A model as a world declares it. */
export type ModelSchema = {
  /** `ns-Position` */
  readonly tag: string
  readonly selector: string
  readonly classHash: string
  readonly members: readonly ModelMember[]
}

/** Whether a type is that of a variant without a payload: the empty tuple. */
export function isUnit(type: ModelType): boolean {
  return type.kind === 'tuple' && type.items.length === 0
}

/**
 * How an enum is shown as a value:
 *
 * - `option`: an `Option` whose payload is none itself: the payload, or `null`.
 * - `name`: no variant has a payload: the variant's name.
 * - `tagged`: `{ variant, value }`, where `value` is `null` without a payload.
 */
export function enumForm(name: string, options: readonly EnumOption[]): 'option' | 'name' | 'tagged' {
  if (options.every(({ isUnit: unit }) => unit)) return 'name'
  const [some, none] = options
  const isOption =
    isOptionName(name) && options.length === 2 && some?.name === 'Some' && none?.name === 'None'
  return isOption && !some.holdsOption ? 'option' : 'tagged'
}

export type EnumOption = { readonly name: string; readonly isUnit: boolean; readonly holdsOption: boolean }

/** Whether a type is shown as `null` where it is empty, so that an `Option` of it cannot be. */
export function isOptionName(name: string): boolean {
  return name === 'Option' || name.startsWith('Option<')
}

export function enumFormOf({
  name,
  options,
}: Extract<ModelType, { kind: 'enum' }>): 'option' | 'name' | 'tagged' {
  return enumForm(
    name,
    options.map(({ name: option, type }) => ({
      name: option,
      isUnit: isUnit(type),
      holdsOption: type.kind === 'enum' && isOptionName(type.name),
    })),
  )
}
