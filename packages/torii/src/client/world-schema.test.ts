import { expect, expectTypeOf, test } from 'vitest'
import type { TokenRow } from '../wire/record-rows.ts'
import type { ReactiveClient } from './reactive-client.ts'
import type { RowOf, TagOf } from './world-schema.ts'

// As `sozo build --typescript` writes it, with what it imports from the SDK and starknet.js.
type ISchemaType = { [namespace: string]: { [model: string]: object } }
type BigNumberish = string | number | bigint
declare class CairoCustomEnum {
  activeVariant(): string
  unwrap(): unknown
}
declare class CairoOption<T> {
  isSome(): boolean
  isNone(): boolean
  unwrap(): T | undefined
}
interface Vec2 {
  x: BigNumberish
  y: BigNumberish
}
interface Position {
  player: string
  vec: Vec2
}
interface Moves {
  fieldOrder: string[]
  player: string
  remaining: BigNumberish
  last_direction: CairoOption<CairoCustomEnum>
  history: Array<CairoCustomEnum>
  can_move: boolean
}
interface SchemaType extends ISchemaType {
  dojo_starter: { Position: Position; Moves: Moves }
}

type Direction = string | { readonly variant: string; readonly value: unknown }

test('[TO35] rows have the types of the schema that the SDK generates', () => {
  expectTypeOf<TagOf<SchemaType>>().toEqualTypeOf<
    | 'dojo_starter-Position'
    | 'dojo_starter-Moves'
    | 'tokens'
    | 'tokenBalances'
    | 'tokenContracts'
    | 'contracts'
    | 'transactions'
  >()
  expectTypeOf<RowOf<SchemaType, 'dojo_starter-Position'>>().toEqualTypeOf<{
    readonly player: string
    readonly vec: { readonly x: BigNumberish; readonly y: BigNumberish }
  }>()
  expectTypeOf<RowOf<SchemaType, 'dojo_starter-Moves'>>().toEqualTypeOf<{
    readonly player: string
    readonly remaining: BigNumberish
    readonly last_direction: Direction | null
    readonly history: readonly Direction[]
    readonly can_move: boolean
  }>()
  expectTypeOf<RowOf<SchemaType, 'tokens'>>().toEqualTypeOf<TokenRow>()
  const use = (client: ReactiveClient<SchemaType>): void => {
    expectTypeOf(client.query('dojo_starter-Position').rows[0]?.vec.x).toEqualTypeOf<
      BigNumberish | undefined
    >()
    // @ts-expect-error -- There is no such model.
    client.query('dojo_starter-Nothing')
  }
  expect(use).toBeTypeOf('function')
})

test('[TO35] a world of which nothing is said has plain rows', () => {
  expectTypeOf<TagOf<Record<string, Record<string, object>>>>().toEqualTypeOf<string>()
  const use = (client: ReactiveClient): void => {
    expectTypeOf(client.query('ns-Any').rows[0]?.['any']).toBeNullable()
  }
  expect(use).toBeTypeOf('function')
})
