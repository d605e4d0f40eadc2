import {
  bytes,
  message,
  optional,
  part,
  parts,
  repeatedBytes,
  repeatedEnum,
  text,
  uint32,
  uint64,
  type MessageOf,
} from './codec.ts'

// The messages of what a Torii knows besides entities, by the field numbers of torii 1.8.16.

const paginationCodec = message({ cursor: text(1), limit: uint32(2), direction: uint32(3) })

const tokenCodec = message({
  tokenId: optional(bytes(1)),
  contractAddress: bytes(2),
  name: text(3),
  symbol: text(4),
  decimals: uint32(5),
  metadata: bytes(6),
  totalSupply: optional(bytes(7)),
})
export type TokenMessage = MessageOf<typeof tokenCodec>

const tokenQueryCodec = message({
  contractAddresses: repeatedBytes(1),
  tokenIds: repeatedBytes(2),
  pagination: part(4, paginationCodec),
})
export const retrieveTokensRequest = message({ query: part(1, tokenQueryCodec) })
export const retrieveTokensResponse = message({ nextCursor: text(1), found: parts(2, tokenCodec) })
export const subscribeTokensRequest = message({
  contractAddresses: repeatedBytes(1),
  tokenIds: repeatedBytes(2),
})
export const subscribeTokensResponse = message({ subscriptionId: uint64(1), told: part(2, tokenCodec) })

const tokenBalanceCodec = message({
  balance: bytes(1),
  accountAddress: bytes(2),
  contractAddress: bytes(3),
  tokenId: optional(bytes(4)),
})
export type TokenBalanceMessage = MessageOf<typeof tokenBalanceCodec>

const tokenBalanceQueryCodec = message({
  accountAddresses: repeatedBytes(1),
  contractAddresses: repeatedBytes(2),
  tokenIds: repeatedBytes(3),
  pagination: part(4, paginationCodec),
})
export const retrieveTokenBalancesRequest = message({ query: part(1, tokenBalanceQueryCodec) })
export const retrieveTokenBalancesResponse = message({
  nextCursor: text(1),
  found: parts(2, tokenBalanceCodec),
})
export const subscribeTokenBalancesRequest = message({
  accountAddresses: repeatedBytes(1),
  contractAddresses: repeatedBytes(2),
  tokenIds: repeatedBytes(3),
})
export const subscribeTokenBalancesResponse = message({
  subscriptionId: uint64(1),
  told: part(2, tokenBalanceCodec),
})

const tokenContractCodec = message({
  contractAddress: bytes(1),
  contractType: uint32(2),
  name: text(3),
  symbol: text(4),
  decimals: uint32(5),
  metadata: bytes(6),
  totalSupply: optional(bytes(7)),
  traits: text(8),
  tokenMetadata: bytes(9),
})
export type TokenContractMessage = MessageOf<typeof tokenContractCodec>

const tokenContractQueryCodec = message({
  contractAddresses: repeatedBytes(1),
  contractTypes: repeatedEnum(2),
  pagination: part(3, paginationCodec),
})
export const retrieveTokenContractsRequest = message({ query: part(1, tokenContractQueryCodec) })
export const retrieveTokenContractsResponse = message({
  nextCursor: text(1),
  found: parts(2, tokenContractCodec),
})

const indexedContractCodec = message({
  contractAddress: bytes(1),
  contractType: uint32(2),
  head: optional(uint64(3)),
  tps: optional(uint64(4)),
  lastBlockTimestamp: optional(uint64(5)),
  updatedAt: uint64(7),
  createdAt: uint64(8),
})
export type IndexedContractMessage = MessageOf<typeof indexedContractCodec>

/** Of `SubscribeContracts` and `RetrieveContracts` alike. */
const contractQueryCodec = message({ contractAddresses: repeatedBytes(1), contractTypes: repeatedEnum(2) })
export const contractQueryRequest = message({ query: part(1, contractQueryCodec) })
export const retrieveContractsResponse = message({ found: parts(1, indexedContractCodec) })
export const subscribeIndexedContractsResponse = message({ told: part(1, indexedContractCodec) })

const callCodec = message({
  contractAddress: bytes(1),
  entrypoint: text(2),
  calldata: repeatedBytes(3),
  callType: uint32(4),
  callerAddress: bytes(5),
})
const transactionCodec = message({
  transactionHash: bytes(1),
  senderAddress: bytes(2),
  calldata: repeatedBytes(3),
  maxFee: bytes(4),
  signature: repeatedBytes(5),
  nonce: bytes(6),
  blockNumber: uint64(7),
  transactionType: text(8),
  blockTimestamp: uint64(9),
  calls: parts(10, callCodec),
  uniqueModels: repeatedBytes(11),
})
export type TransactionMessage = MessageOf<typeof transactionCodec>

const transactionFilterCodec = message({
  transactionHashes: repeatedBytes(1),
  callerAddresses: repeatedBytes(2),
  contractAddresses: repeatedBytes(3),
})
const transactionQueryCodec = message({
  filter: part(1, transactionFilterCodec),
  pagination: part(2, paginationCodec),
})
export const retrieveTransactionsRequest = message({ query: part(1, transactionQueryCodec) })
export const retrieveTransactionsResponse = message({
  nextCursor: text(1),
  found: parts(2, transactionCodec),
})
export const subscribeTransactionsRequest = message({ filter: part(1, transactionFilterCodec) })
export const subscribeTransactionsResponse = message({ told: part(1, transactionCodec) })
