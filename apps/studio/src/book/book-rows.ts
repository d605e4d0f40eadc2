import type { BookInfo, NamedBook } from '@freshet/cli/studio'
import type { ToldOrder, ToldPair, ToldVault } from './book-answers.ts'
import { bookNames } from './book-names.ts'

/** A pair as it is listed. */
export type PairRow = ToldPair & {
  readonly id: string
  /** What people call its order. */
  readonly orderName: string
  /** Orders that have a name come first. */
  readonly place: string
  /** What the order gives, and for what; empty while the order is not known. */
  readonly pair: string
  /** To order by. */
  readonly ratio: number | null
  readonly most: number | null
  readonly sought: string
}

/** An order as it is listed. */
export type OrderRow = {
  readonly id: string
  readonly owner: string
  readonly name: string
  readonly place: string
  readonly gives: string
  readonly takes: string
  readonly pairs: number
  /** Null: it has none. */
  readonly firstPair: string | null
  readonly sought: string
}

/** A vault as it is listed. */
export type VaultRow = ToldVault & {
  readonly id: string
  readonly name: string
  readonly symbol: string
  /** To order by. */
  readonly amount: number
  readonly sought: string
}

export type BookRows = {
  order(id: string, told: ToldOrder): OrderRow
  vault(id: string, told: ToldVault): VaultRow
  /** @param order - Undefined: it is not known. */
  pair(id: string, told: ToldPair, order: ToldOrder | undefined): PairRow
}

/** Makes of what is told what is listed, found and ordered by. */
export function bookRows(info: Pick<BookInfo, 'tokens'>, book: NamedBook): BookRows {
  const names = bookNames(info, book)
  const tokensOf = (ios: ToldOrder['validInputs']): string =>
    [...new Set(ios.map(({ token }) => names.token(token)))].join(', ')
  return {
    order(id, { owner, validInputs, validOutputs }) {
      const [name, gives, takes] = [names.order(id), tokensOf(validOutputs), tokensOf(validInputs)]
      const pairs = pairsOf({ validInputs, validOutputs })
      return {
        ...{ id, owner, name, place: names.place(id), gives, takes },
        pairs: pairs.length,
        firstPair: pairs[0] === undefined ? null : `${id}/${pairs[0]}`,
        sought: soughtText(name, gives, takes, id, owner),
      }
    },
    vault(id, { owner, token, vaultId, balance }) {
      const [name, symbol] = [names.vault(vaultId), names.token(token)]
      return {
        ...{ id, owner, token, vaultId, balance, name, symbol },
        amount: Number(balance),
        sought: soughtText(name, symbol, vaultId, token, owner),
      }
    },
    pair(id, told, order) {
      const { inputIOIndex, outputIOIndex, ioRatio, outputMax, reason, asOf, stale } = told
      const orderName = names.order(told.order)
      const gives = order?.validOutputs[outputIOIndex]?.token
      const takes = order?.validInputs[inputIOIndex]?.token
      const pair = order === undefined ? '' : `${names.token(gives)} for ${names.token(takes)}`
      return {
        ...{ id, order: told.order, inputIOIndex, outputIOIndex, ioRatio, outputMax, reason, asOf, stale },
        ...{ orderName, place: names.place(told.order), pair },
        ratio: ioRatio === null ? null : Number(ioRatio),
        most: outputMax === null ? null : Number(outputMax),
        sought: soughtText(orderName, pair, told.order, order?.owner ?? ''),
      }
    },
  }
}

/** As in their ids. A token is not traded for itself. */
function pairsOf({ validInputs, validOutputs }: Omit<ToldOrder, 'owner'>): readonly string[] {
  return validInputs.flatMap((input, from) =>
    validOutputs.flatMap((output, to) => (input.token === output.token ? [] : [`${from}/${to}`])),
  )
}

function soughtText(...parts: readonly string[]): string {
  return parts.join(' ').toLowerCase()
}
