import type { ReplayWorkers } from '@freshet/raindex/client'
import type { Address, Bytes32 } from '@freshet/raindex/engine'

/** A book whose past is replayed, with what people call its parts. */
export type ReplaySubject = {
  /** The order book's own address where it is a live one; undefined: the recorded one. */
  readonly orderbook: string | undefined
  readonly title: string
  /** Of the chart, in seconds since 1970. */
  readonly from: number
  readonly head: { readonly number: number; readonly timestamp: number }
  readonly tokens: readonly { readonly token: string; readonly symbol: string }[]
  readonly orders: readonly { readonly hash: Bytes32; readonly name: string }[]
}

/** A book that is ready to be replayed. */
export type OpenedReplay = { readonly subject: ReplaySubject; readonly replay: ReplayWorkers }

export function symbolOf({ tokens }: Pick<ReplaySubject, 'tokens'>, token: Address | undefined): string {
  return tokens.find((known) => known.token === token)?.symbol ?? token?.slice(0, 10) ?? '?'
}
