import type { Row } from '@freshet/core'
import { feltFromBytes, unsignedFromBytes } from '../values/felt.ts'
import type {
  IndexedContractMessage,
  TokenBalanceMessage,
  TokenContractMessage,
  TokenMessage,
  TransactionMessage,
} from './record-messages.ts'

/** A token that is one of its kind, or a whole contract of equal ones. */
export type TokenRow = {
  readonly contractAddress: string
  /** `null` for a contract whose tokens are all alike. */
  readonly tokenId: bigint | null
  readonly name: string
  readonly symbol: string
  readonly decimals: number
  /** JSON, as the contract gives it. */
  readonly metadata: string
  readonly totalSupply: bigint | null
}

/** How much of a token an account holds. */
export type TokenBalanceRow = {
  readonly accountAddress: string
  readonly contractAddress: string
  readonly tokenId: bigint | null
  readonly balance: bigint
}

/** A contract whose tokens are indexed. */
export type TokenContractRow = {
  readonly contractAddress: string
  readonly contractType: ContractType
  readonly name: string
  readonly symbol: string
  readonly decimals: number
  readonly metadata: string
  readonly totalSupply: bigint | null
  /** JSON; empty where there are none. */
  readonly traits: string
  readonly tokenMetadata: string
}

/** A contract that is indexed, and how far. */
export type ContractRow = {
  readonly contractAddress: string
  readonly contractType: ContractType
  /** The latest block that is indexed. */
  readonly head: bigint | null
  readonly tps: bigint | null
  /** Unix seconds. */
  readonly lastBlockTimestamp: bigint | null
  readonly updatedAt: bigint
  readonly createdAt: bigint
}

/** A transaction that called a contract of the world, where the Torii indexes them. */
export type TransactionRow = {
  readonly transactionHash: string
  readonly senderAddress: string
  readonly calldata: readonly string[]
  readonly maxFee: bigint
  readonly signature: readonly string[]
  readonly nonce: bigint
  readonly blockNumber: bigint
  readonly transactionType: string
  /** Unix seconds. */
  readonly blockTimestamp: bigint
  readonly calls: readonly {
    readonly contractAddress: string
    readonly entrypoint: string
    readonly calldata: readonly string[]
    readonly callerAddress: string
  }[]
  /** Selectors of the models it changed. */
  readonly uniqueModels: readonly string[]
}

export type ContractType = 'WORLD' | 'ERC20' | 'ERC721' | 'ERC1155' | 'UDC' | 'OTHER'

/** What is kept besides models, by table. */
export type RecordRows = {
  readonly tokens: TokenRow
  readonly tokenBalances: TokenBalanceRow
  readonly tokenContracts: TokenContractRow
  readonly contracts: ContractRow
  readonly transactions: TransactionRow
}

export type RecordKind = keyof RecordRows

export const recordKinds: readonly RecordKind[] = [
  'tokens',
  'tokenBalances',
  'tokenContracts',
  'contracts',
  'transactions',
]

/** A row and the id it is kept under. */
export type ToriiRecord = { readonly id: string; readonly row: Row }

export function tokenRecord({ contractAddress, tokenId, metadata, ...token }: TokenMessage): ToriiRecord {
  const row: TokenRow = {
    contractAddress: feltFromBytes(contractAddress),
    tokenId: wholeOf(tokenId),
    name: token.name,
    symbol: token.symbol,
    decimals: token.decimals,
    metadata: textOf(metadata),
    totalSupply: wholeOf(token.totalSupply),
  }
  return { id: idOf(row.contractAddress, tokenId), row }
}

export function tokenBalanceRecord(told: TokenBalanceMessage): ToriiRecord {
  const row: TokenBalanceRow = {
    accountAddress: feltFromBytes(told.accountAddress),
    contractAddress: feltFromBytes(told.contractAddress),
    tokenId: wholeOf(told.tokenId),
    balance: unsignedFromBytes(told.balance),
  }
  return { id: `${row.accountAddress}:${idOf(row.contractAddress, told.tokenId)}`, row }
}

export function tokenContractRecord(told: TokenContractMessage): ToriiRecord {
  const row: TokenContractRow = {
    contractAddress: feltFromBytes(told.contractAddress),
    contractType: contractTypes[told.contractType] ?? 'OTHER',
    name: told.name,
    symbol: told.symbol,
    decimals: told.decimals,
    metadata: textOf(told.metadata),
    totalSupply: wholeOf(told.totalSupply),
    traits: told.traits,
    tokenMetadata: textOf(told.tokenMetadata),
  }
  return { id: row.contractAddress, row }
}

export function contractRecord(told: IndexedContractMessage): ToriiRecord {
  const row: ContractRow = {
    contractAddress: feltFromBytes(told.contractAddress),
    contractType: contractTypes[told.contractType] ?? 'OTHER',
    head: told.head ?? null,
    tps: told.tps ?? null,
    lastBlockTimestamp: told.lastBlockTimestamp ?? null,
    updatedAt: told.updatedAt,
    createdAt: told.createdAt,
  }
  return { id: row.contractAddress, row }
}

export function transactionRecord(told: TransactionMessage): ToriiRecord {
  const row: TransactionRow = {
    transactionHash: feltFromBytes(told.transactionHash),
    senderAddress: feltFromBytes(told.senderAddress),
    calldata: told.calldata.map(feltFromBytes),
    maxFee: unsignedFromBytes(told.maxFee),
    signature: told.signature.map(feltFromBytes),
    nonce: unsignedFromBytes(told.nonce),
    blockNumber: told.blockNumber,
    transactionType: told.transactionType,
    blockTimestamp: told.blockTimestamp,
    calls: told.calls.map(({ contractAddress, entrypoint, calldata, callerAddress }) => ({
      contractAddress: feltFromBytes(contractAddress),
      entrypoint,
      calldata: calldata.map(feltFromBytes),
      callerAddress: feltFromBytes(callerAddress),
    })),
    uniqueModels: told.uniqueModels.map(feltFromBytes),
  }
  return { id: row.transactionHash, row }
}

const contractTypes: readonly ContractType[] = ['WORLD', 'ERC20', 'ERC721', 'ERC1155', 'UDC', 'OTHER']

function idOf(contract: string, tokenId: Uint8Array | undefined): string {
  return tokenId ? `${contract}:${feltFromBytes(tokenId)}` : contract
}

function wholeOf(bytes: Uint8Array | undefined): bigint | null {
  return bytes ? unsignedFromBytes(bytes) : null
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
