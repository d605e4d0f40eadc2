import { feltBytes } from '../values/felt.ts'
import type { Codec } from './codec.ts'
import type { GrpcWeb } from './grpc-web.ts'
import * as messages from './record-messages.ts'
import {
  contractRecord,
  tokenBalanceRecord,
  tokenContractRecord,
  tokenRecord,
  transactionRecord,
  type RecordKind,
  type ToriiRecord,
} from './record-rows.ts'

/** Which records are meant; what is not given is not looked at. Addresses, ids and hashes in any spelling. */
export type RecordFilter = {
  readonly contracts?: readonly string[] | undefined
  readonly accounts?: readonly string[] | undefined
  readonly tokenIds?: readonly (string | bigint)[] | undefined
  /** Of transactions. */
  readonly hashes?: readonly string[] | undefined
}

export type RecordPage = {
  readonly records: readonly ToriiRecord[]
  /** Absent behind the last page. */
  readonly next: string | undefined
}

export type RecordPush =
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'record'; readonly record: ToriiRecord }

type RecordCalls = {
  page(
    grpc: GrpcWeb,
    filter: RecordFilter,
    limit: number,
    cursor: string,
    signal: AbortSignal,
  ): Promise<RecordPage>
  /** Undefined where the server pushes none. */
  readonly listen:
    | ((grpc: GrpcWeb, filter: RecordFilter, signal: AbortSignal) => AsyncGenerator<RecordPush>)
    | undefined
}

/** How each kind of record is read and heard. */
export const recordCalls: { readonly [K in RecordKind]: RecordCalls } = {
  tokens: {
    page: pages(
      'RetrieveTokens',
      messages.retrieveTokensRequest,
      messages.retrieveTokensResponse,
      ({ contracts, tokenIds }, pagination) => ({
        query: { contractAddresses: felts(contracts), tokenIds: felts(tokenIds), pagination },
      }),
      tokenRecord,
    ),
    listen: listens(
      'SubscribeTokens',
      messages.subscribeTokensRequest,
      messages.subscribeTokensResponse,
      ({ contracts, tokenIds }) => ({ contractAddresses: felts(contracts), tokenIds: felts(tokenIds) }),
      tokenRecord,
    ),
  },
  tokenBalances: {
    page: pages(
      'RetrieveTokenBalances',
      messages.retrieveTokenBalancesRequest,
      messages.retrieveTokenBalancesResponse,
      (filter, pagination) => ({ query: { ...balancesOf(filter), pagination } }),
      tokenBalanceRecord,
    ),
    listen: listens(
      'SubscribeTokenBalances',
      messages.subscribeTokenBalancesRequest,
      messages.subscribeTokenBalancesResponse,
      balancesOf,
      tokenBalanceRecord,
    ),
  },
  tokenContracts: {
    page: pages(
      'RetrieveTokenContracts',
      messages.retrieveTokenContractsRequest,
      messages.retrieveTokenContractsResponse,
      ({ contracts }, pagination) => ({
        query: { contractAddresses: felts(contracts), contractTypes: [], pagination },
      }),
      tokenContractRecord,
    ),
    listen: undefined,
  },
  contracts: {
    page: pages(
      'RetrieveContracts',
      messages.contractQueryRequest,
      messages.retrieveContractsResponse,
      contractsOf,
      contractRecord,
    ),
    listen: listens(
      'SubscribeContracts',
      messages.contractQueryRequest,
      messages.subscribeIndexedContractsResponse,
      contractsOf,
      contractRecord,
    ),
  },
  transactions: {
    page: pages(
      'RetrieveTransactions',
      messages.retrieveTransactionsRequest,
      messages.retrieveTransactionsResponse,
      (filter, pagination) => ({ query: { filter: transactionsOf(filter), pagination } }),
      transactionRecord,
    ),
    listen: listens(
      'SubscribeTransactions',
      messages.subscribeTransactionsRequest,
      messages.subscribeTransactionsResponse,
      (filter) => ({ filter: transactionsOf(filter) }),
      transactionRecord,
    ),
  },
}

type Pagination = { readonly cursor: string; readonly limit: number; readonly direction: number }

function pages<Q, M>(
  rpc: string,
  request: Codec<Q>,
  response: Codec<{ readonly nextCursor?: string; readonly found: readonly M[] }>,
  question: (filter: RecordFilter, pagination: Pagination) => Q,
  toRecord: (message: M) => ToriiRecord,
): RecordCalls['page'] {
  return async (grpc, filter, limit, cursor, signal) => {
    const asked = question(filter, { cursor, limit, direction: 0 })
    const { nextCursor = '', found } = await grpc.unary(rpc, [request, asked], response, signal)
    return { records: found.map(toRecord), next: nextCursor === '' ? undefined : nextCursor }
  }
}

function listens<Q, M>(
  rpc: string,
  request: Codec<Q>,
  response: Codec<{ readonly told: M | undefined }>,
  question: (filter: RecordFilter) => Q,
  toRecord: (message: M) => ToriiRecord,
): NonNullable<RecordCalls['listen']> {
  return async function* (grpc, filter, signal) {
    let first = true
    for await (const { told } of grpc.stream(rpc, [request, question(filter)], response, signal)) {
      // The first message says that the subscription stands; that of contracts tells the first of them at once.
      if (first) yield { kind: 'subscribed' }
      first = false
      if (told !== undefined) yield { kind: 'record', record: toRecord(told) }
    }
  }
}

function balancesOf({ accounts, contracts, tokenIds }: RecordFilter) {
  return {
    accountAddresses: felts(accounts),
    contractAddresses: felts(contracts),
    tokenIds: felts(tokenIds),
  }
}

function contractsOf({ contracts }: RecordFilter) {
  return { query: { contractAddresses: felts(contracts), contractTypes: [] } }
}

function transactionsOf({ hashes, accounts, contracts }: RecordFilter) {
  return {
    transactionHashes: felts(hashes),
    callerAddresses: felts(accounts),
    contractAddresses: felts(contracts),
  }
}

function felts(values: readonly (string | bigint)[] = []): readonly Uint8Array[] {
  return values.map(feltBytes)
}
