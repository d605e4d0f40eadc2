import { feltBytes, unsignedBytes } from '../values/felt.ts'
import { decode, encode } from '../wire/codec.ts'
import * as messages from '../wire/record-messages.ts'
import type { RecordKind, RecordRows } from '../wire/record-rows.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { StatusError } from './server-answers.ts'
import type { WorldRecords } from './world-records.ts'

/** What a client asks of records: addresses, ids and hashes as `0x` and 64 digits. */
type Asked = {
  readonly contracts: readonly string[]
  readonly accounts: readonly string[]
  readonly tokenIds: readonly string[]
  readonly hashes: readonly string[]
  readonly limit: number
  readonly cursor: string
}

/** Rows of a page when a client names no limit. */
const defaultLimit = 10_000

/** The answer to a call such as `RetrieveTokens`; undefined for a call that is none of these. */
export function recordsAnswer(
  rpc: string,
  body: Uint8Array,
  records: WorldRecords,
  ofWorld: RecordRows['contracts'],
): Uint8Array | undefined {
  switch (rpc) {
    case 'RetrieveTokens': {
      const { query } = decode(messages.retrieveTokensRequest, body, 'A request')
      const { rows, nextCursor } = pageOf('tokens', records, askedBy(query))
      return encode(messages.retrieveTokensResponse, { nextCursor, found: rows.map(tokenMessage) })
    }
    case 'RetrieveTokenBalances': {
      const { query } = decode(messages.retrieveTokenBalancesRequest, body, 'A request')
      const { rows, nextCursor } = pageOf('tokenBalances', records, askedBy(query))
      return encode(messages.retrieveTokenBalancesResponse, { nextCursor, found: rows.map(balanceMessage) })
    }
    case 'RetrieveTokenContracts': {
      const { query } = decode(messages.retrieveTokenContractsRequest, body, 'A request')
      const { rows, nextCursor } = pageOf('tokenContracts', records, askedBy(query))
      const found = rows.map(tokenContractMessage)
      return encode(messages.retrieveTokenContractsResponse, { nextCursor, found })
    }
    case 'RetrieveContracts': {
      const { query } = decode(messages.contractQueryRequest, body, 'A request')
      const asked = { ...askedBy(query), limit: 0 }
      const { rows } = pageOf('contracts', records, asked)
      const found = (isAsked(ofWorld, asked) ? [ofWorld, ...rows] : rows).map(contractMessage)
      return encode(messages.retrieveContractsResponse, { found })
    }
    case 'RetrieveTransactions': {
      const { query } = decode(messages.retrieveTransactionsRequest, body, 'A request')
      const asked = { ...askedBy(query?.filter), ...pageAsked(query?.pagination) }
      const { rows, nextCursor } = pageOf('transactions', records, asked)
      const found = rows.map(transactionMessage)
      return encode(messages.retrieveTransactionsResponse, { nextCursor, found })
    }
    default:
      return undefined
  }
}

/** A message of a subscription; without a record the first, which tells the id alone. */
export const recordPush: {
  readonly [K in Exclude<RecordKind, 'tokenContracts'>]: (row?: RecordRows[K]) => Uint8Array
} = {
  tokens: (row) =>
    encode(messages.subscribeTokensResponse, { subscriptionId: 1n, told: row && tokenMessage(row) }),
  tokenBalances: (row) =>
    encode(messages.subscribeTokenBalancesResponse, { subscriptionId: 1n, told: row && balanceMessage(row) }),
  contracts: (row) =>
    encode(messages.subscribeIndexedContractsResponse, { told: row && contractMessage(row) }),
  transactions: (row) =>
    encode(messages.subscribeTransactionsResponse, { told: row && transactionMessage(row) }),
}

function pageOf<K extends RecordKind>(kind: K, records: WorldRecords, asked: Asked) {
  const { limit, cursor } = asked
  const before = cursor === '' ? undefined : decodeCursor(cursor)
  if (cursor !== '' && before === undefined) throw new StatusError(13, `Invalid cursor: ${cursor}`)
  const matching = records
    .all(kind)
    .filter(([id, row]) => (before === undefined || id < before) && isAsked(row, asked))
  const page = matching.slice(0, limit === 0 ? defaultLimit : limit)
  const last = page.at(-1)
  const nextCursor = last && page.length < matching.length ? encodeCursor(last[0]) : ''
  return { rows: page.map(([, row]) => row), nextCursor }
}

function isAsked(row: RecordRows[RecordKind], { contracts, accounts, tokenIds, hashes }: Asked): boolean {
  const holds = (wanted: readonly string[], value: string | undefined): boolean =>
    wanted.length === 0 || value === undefined || wanted.includes(value)
  const token = 'tokenId' in row && row.tokenId !== null ? hexOf(feltBytes(row.tokenId)) : undefined
  return (
    holds(contracts, 'contractAddress' in row ? row.contractAddress : undefined) &&
    holds(accounts, 'accountAddress' in row ? row.accountAddress : undefined) &&
    holds(tokenIds, token) &&
    holds(hashes, 'transactionHash' in row ? row.transactionHash : undefined)
  )
}

type QueryFields = {
  readonly contractAddresses?: readonly Uint8Array[]
  readonly accountAddresses?: readonly Uint8Array[]
  readonly tokenIds?: readonly Uint8Array[]
  readonly transactionHashes?: readonly Uint8Array[]
  readonly pagination?: { readonly cursor: string; readonly limit: number } | undefined
}

function askedBy(query: QueryFields | undefined): Asked {
  const { contractAddresses, accountAddresses, tokenIds, transactionHashes, pagination } = query ?? {}
  return {
    contracts: (contractAddresses ?? []).map(hexOf),
    accounts: (accountAddresses ?? []).map(hexOf),
    tokenIds: (tokenIds ?? []).map(hexOf),
    hashes: (transactionHashes ?? []).map(hexOf),
    ...pageAsked(pagination),
  }
}

function pageAsked(pagination: QueryFields['pagination']): Pick<Asked, 'limit' | 'cursor'> {
  return { limit: pagination?.limit ?? 0, cursor: pagination?.cursor ?? '' }
}

function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex').padStart(64, '0')}`
}

function tokenMessage(row: RecordRows['tokens']): messages.TokenMessage {
  const { contractAddress, tokenId, metadata, totalSupply, ...rest } = row
  return {
    ...rest,
    contractAddress: feltBytes(contractAddress),
    tokenId: wholeBytes(tokenId),
    metadata: textBytes(metadata),
    totalSupply: wholeBytes(totalSupply),
  }
}

function balanceMessage(row: RecordRows['tokenBalances']): messages.TokenBalanceMessage {
  return {
    balance: unsignedBytes(row.balance, 32),
    accountAddress: feltBytes(row.accountAddress),
    contractAddress: feltBytes(row.contractAddress),
    tokenId: wholeBytes(row.tokenId),
  }
}

const contractTypes = ['WORLD', 'ERC20', 'ERC721', 'ERC1155', 'UDC', 'OTHER']

function tokenContractMessage(row: RecordRows['tokenContracts']): messages.TokenContractMessage {
  return {
    ...row,
    contractAddress: feltBytes(row.contractAddress),
    contractType: contractTypes.indexOf(row.contractType),
    metadata: textBytes(row.metadata),
    totalSupply: wholeBytes(row.totalSupply),
    tokenMetadata: textBytes(row.tokenMetadata),
  }
}

function contractMessage(row: RecordRows['contracts']): messages.IndexedContractMessage {
  return {
    ...row,
    contractAddress: feltBytes(row.contractAddress),
    contractType: contractTypes.indexOf(row.contractType),
    head: row.head ?? undefined,
    tps: row.tps ?? undefined,
    lastBlockTimestamp: row.lastBlockTimestamp ?? undefined,
  }
}

function transactionMessage(row: RecordRows['transactions']): messages.TransactionMessage {
  return {
    ...row,
    transactionHash: feltBytes(row.transactionHash),
    senderAddress: feltBytes(row.senderAddress),
    calldata: row.calldata.map(feltBytes),
    maxFee: unsignedBytes(row.maxFee, 32),
    signature: row.signature.map(feltBytes),
    nonce: unsignedBytes(row.nonce, 32),
    calls: row.calls.map((call) => ({
      contractAddress: feltBytes(call.contractAddress),
      entrypoint: call.entrypoint,
      calldata: call.calldata.map(feltBytes),
      callType: 0,
      callerAddress: feltBytes(call.callerAddress),
    })),
    uniqueModels: row.uniqueModels.map(feltBytes),
  }
}

function wholeBytes(value: bigint | null): Uint8Array | undefined {
  return value === null ? undefined : unsignedBytes(value, 32)
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
