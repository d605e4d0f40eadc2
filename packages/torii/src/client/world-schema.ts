import type { Row } from '@freshet/core'
import type { RecordKind, RecordRows } from '../wire/record-rows.ts'

/**
 * What the models of a world hold, by namespace and name: `{ ns: { Position: { player: string } } }`,
 * or the `SchemaType` that sozo writes for the SDK.
 */
export type WorldSchema = { readonly [namespace: string]: { readonly [model: string]: object } }

/** The tags of its models and the kinds of record; any text where nothing is said of the world. */
export type TagOf<S extends WorldSchema> = [Named<S>] extends [never]
  ? string
  : { [N in Named<S>]: `${N}-${Named<S[N]>}` }[Named<S>] | RecordKind

/** The row of a model, or of a kind of record. */
export type RowOf<S extends WorldSchema, M extends string> = [Named<S>] extends [never]
  ? Row
  : M extends RecordKind
    ? RecordRows[M]
    : M extends `${infer N}-${infer K}`
      ? S[N] extends { readonly [model in K]: infer R }
        ? Held<R>
        : never
      : never

/** A row of which a selector may have left members out, at any depth. */
export type Selected<R, How> = How extends null ? R : string extends keyof R ? R : DeepPartial<R>

/** Some members of a row. */
export type Members<R> = string extends keyof R ? R : Partial<R>

/** The keys that are written out; what sozo writes extends a type with an index signature beside them. */
type Named<S> = keyof {
  [K in keyof S as string extends K ? never : number extends K ? never : K]: unknown
} &
  string

/** The classes of starknet.js in what sozo writes, as they are held here; see `enumForm`. */
type Held<T> = T extends { isSome(): boolean; unwrap(): infer U }
  ? Held<Exclude<U, undefined>> | null
  : T extends { activeVariant(): string }
    ? string | { readonly variant: string; readonly value: unknown }
    : T extends readonly (infer U)[]
      ? readonly Held<U>[]
      : T extends string | number | bigint | boolean | null | undefined
        ? T
        : T extends object
          ? { readonly [member in keyof T as member extends 'fieldOrder' ? never : member]: Held<T[member]> }
          : T

type DeepPartial<R> = R extends readonly unknown[] | string | number | bigint | boolean | null | undefined
  ? R
  : { readonly [member in keyof R]?: DeepPartial<R[member]> }
