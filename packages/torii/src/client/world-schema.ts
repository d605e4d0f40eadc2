import type { Row } from '@freshet/core'

/** What the models of a world hold, by namespace and name: `{ ns: { Position: { player: string } } }`. */
export type WorldSchema = { readonly [namespace: string]: { readonly [model: string]: object } }

/** The tags of its models; any text where nothing is said of the world. */
export type TagOf<S extends WorldSchema> = string extends keyof S
  ? string
  : { [N in keyof S & string]: `${N}-${keyof S[N] & string}` }[keyof S & string]

/** The row of a model. */
export type RowOf<S extends WorldSchema, M extends string> = string extends keyof S
  ? Row
  : M extends `${infer N}-${infer K}`
    ? S[N] extends { readonly [model in K]: infer R }
      ? R
      : never
    : never

/** A row of which a selector may have left members out, at any depth. */
export type Selected<R, How> = How extends null ? R : string extends keyof R ? R : DeepPartial<R>

/** Some members of a row. */
export type Members<R> = string extends keyof R ? R : Partial<R>

type DeepPartial<R> = R extends readonly unknown[] | string | number | bigint | boolean | null | undefined
  ? R
  : { readonly [member in keyof R]?: DeepPartial<R[member]> }
