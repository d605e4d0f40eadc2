import type { TokenBalanceRow, TokenContractRow, TokenRow } from '../wire/record-rows.ts'
import { canonicalFelt, feltText } from '../values/felt.ts'

/** A token as the SDK takes it in. */
export type DojoToken = {
  readonly contract_address: string
  readonly token_id: string | undefined
  readonly name: string
  readonly symbol: string
  readonly decimals: number
  readonly metadata: string
  readonly total_supply: string | undefined
}

export type DojoTokenBalance = {
  readonly balance: string
  readonly account_address: string
  readonly contract_address: string
  readonly token_id: string | undefined
}

export type DojoTokenContract = Omit<DojoToken, 'token_id'> & {
  readonly contract_type: string
  readonly traits: string
  readonly token_metadata: string
}

export function toDojoToken({ contractAddress, tokenId, totalSupply, ...row }: TokenRow): DojoToken {
  const { name, symbol, decimals, metadata } = row
  return {
    contract_address: contractAddress,
    token_id: hexOf(tokenId),
    ...{ name, symbol, decimals, metadata },
    total_supply: hexOf(totalSupply),
  }
}

export function toDojoBalance({ balance, accountAddress, ...row }: TokenBalanceRow): DojoTokenBalance {
  return {
    balance: feltText(balance),
    account_address: accountAddress,
    contract_address: row.contractAddress,
    token_id: hexOf(row.tokenId),
  }
}

export function toDojoTokenContract({ contractAddress, ...row }: TokenContractRow): DojoTokenContract {
  const { name, symbol, decimals, metadata, traits } = row
  return {
    contract_address: contractAddress,
    contract_type: row.contractType,
    ...{ name, symbol, decimals, metadata, traits },
    token_metadata: row.tokenMetadata,
    total_supply: hexOf(row.totalSupply),
  }
}

/** What is asked of tokens; an empty list stands for all. */
export type DojoTokenFilter = {
  readonly contract_addresses?: readonly string[] | undefined
  readonly account_addresses?: readonly string[] | undefined
  readonly token_ids?: readonly (string | number | bigint)[] | undefined
}

type Tokenlike = {
  readonly contractAddress: string
  readonly accountAddress?: string
  readonly tokenId?: bigint | null
}

export function compileTokenFilter(filter: DojoTokenFilter): (row: Tokenlike) => boolean {
  const contracts = setOf(filter.contract_addresses)
  const accounts = setOf(filter.account_addresses)
  const tokens = setOf(filter.token_ids)
  return ({ contractAddress, accountAddress, tokenId }) =>
    (!contracts || contracts.has(contractAddress)) &&
    (!accounts || (accountAddress !== undefined && accounts.has(accountAddress))) &&
    (!tokens || (tokenId !== undefined && tokenId !== null && tokens.has(feltText(tokenId))))
}

function setOf(ids: readonly (string | number | bigint)[] = []): ReadonlySet<string> | undefined {
  return ids.length === 0 ? undefined : new Set(ids.map(canonicalFelt))
}

function hexOf(value: bigint | null): string | undefined {
  return value === null ? undefined : feltText(value)
}
