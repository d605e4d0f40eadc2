import type { QuoteVerdict } from '@freshet/raindex/client'
import type { NotComparable } from '@freshet/raindex/engine'

/** One pair as it is quoted here for the zero address. Amounts are exact decimals. */
export type ToldPair = {
  readonly order: string
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  readonly ioRatio: string | null
  readonly outputMax: string | null
  readonly reason: NotComparable | null
  readonly asOf: { readonly blockNumber: number; readonly timestamp: number } | null
  readonly stale: boolean
}

export type ToldVault = {
  readonly owner: string
  readonly token: string
  readonly vaultId: string
  readonly balance: string
}

export type ToldOrder = {
  readonly owner: string
  readonly validInputs: readonly { readonly token: string; readonly vaultId: string }[]
  readonly validOutputs: readonly { readonly token: string; readonly vaultId: string }[]
}

/** An amount at a ratio. */
type Offer = { readonly kind: 'quote'; readonly ioRatio: string; readonly outputMax: string }

/** Both quotes of a pair at one block. */
export type BesideAnswer = {
  readonly virtual: Offer | { readonly kind: 'not-comparable'; readonly reason: NotComparable }
  readonly rpc:
    | Offer
    | { readonly kind: 'order' }
    | { readonly kind: 'no-order' }
    | { readonly kind: 'reverted'; readonly data: string }
    | { readonly kind: 'unavailable'; readonly message: string }
    | null
  readonly verdict: QuoteVerdict | null
  readonly block: { readonly number: number; readonly timestamp: number } | null
}

/**
 * Asks our own server, which writes its answers from the types above.
 *
 * @throws {Error} what the server said, or that it does not answer.
 */
export async function askBook<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(`/book/${path}`, { signal }).catch((cause: unknown) => {
    throw signal.aborted ? signal.reason : new Error('Studio’s server does not answer.', { cause })
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}
