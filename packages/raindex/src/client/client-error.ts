import { FreshetError, type ErrorKind } from '@freshet/core'

/** Names of the client's errors, and who has to act on each. */
const kinds = {
  /** The node belongs to another chain than the one asked for. */
  WrongChain: 'usage',
  /** There is no contract at the address of the order book. */
  NoContract: 'usage',
  /** The contract is an order book of a version that is not supported. */
  UnsupportedOrderbook: 'usage',
  /** A range of blocks that runs backwards or begins behind the chain's head. */
  BadRange: 'usage',
  /** The node cannot be reached, stalls, or answers with something that is no JSON-RPC. */
  NodeUnreachable: 'remote',
  /** The node asks to be left alone for a while. */
  RateLimited: 'remote',
  /** The node will not answer this in one go; a smaller range may be answered. */
  AnswerTooLarge: 'remote',
  /** The node refuses the request. */
  NodeRefused: 'remote',
  /** The chain moved while it was read. */
  ChainMoved: 'remote',
  /** The node says something impossible, on every attempt. */
  BadAnswer: 'protocol',
  /** The file is a database of another program, or of a schema that cannot be read. */
  DatabaseForeign: 'storage',
  /** The database is damaged. */
  DatabaseCorrupt: 'storage',
  /** The database cannot be read or written now. */
  DatabaseUnavailable: 'storage',
  /** The database has no logs of the stores that orders use. */
  StoreLogsMissing: 'storage',
  /** A download is not what its checksum says. */
  ChecksumMismatch: 'protocol',
  /** A dump or a snapshot cannot be read. */
  BadDump: 'protocol',
} as const satisfies Record<string, ErrorKind>

export type RaindexClientErrorName = keyof typeof kinds

export type RaindexClientErrorOptions = {
  /** What happened and what to do about it. */
  readonly message: string
  readonly details?: Readonly<Record<string, string | number>> | undefined
  readonly retryable?: boolean | undefined
  readonly cause?: unknown
}

/** An error of the chain client. `errorName` tells them apart; `details` holds their facts. */
export class RaindexClientError extends FreshetError {
  override readonly name: string = 'RaindexClientError'
  readonly errorName: RaindexClientErrorName
  readonly details: Readonly<Record<string, string | number>>

  constructor(errorName: RaindexClientErrorName, options: RaindexClientErrorOptions) {
    const { message, details = {}, retryable, cause } = options
    super({ code: `raindex/${kebabCase(errorName)}`, kind: kinds[errorName], message, retryable, cause })
    this.errorName = errorName
    this.details = details
  }
}

function kebabCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
}
