import { FreshetError, type ErrorKind } from '@freshet/core'

/** Names of this package's errors and who has to act on each. */
const kinds = {
  /** A log is cut off, misshapen or says something impossible. */
  BadLog: 'protocol',
  /** A log comes from a contract that is neither the order book nor a store. */
  ForeignLog: 'usage',
  /** Logs do not ascend by block and index. */
  LogsOutOfOrder: 'protocol',
  /** A clear and the change it made do not both lie in the same transaction. */
  UnpairedClear: 'protocol',
  /** The log is one of order book V4, whose amounts are no decimal floats. */
  UnsupportedOrderbookVersion: 'usage',
  /** The decimals of a token are needed and not known. */
  TokenDecimalMissing: 'usage',
  InvalidInputIndex: 'protocol',
  InvalidOutputIndex: 'protocol',
  /** Code is empty or no hex. */
  InvalidBytecodeEncoding: 'usage',
  /** One address is given with two codes. */
  BytecodeCollision: 'protocol',
  /** Code that is needed is not loaded. */
  MissingBytecode: 'usage',
  /** A snapshot is damaged, or of another order book, chain or version. */
  SnapshotRefused: 'storage',
  /** The chain has forked further back than can be undone. */
  ForkBeyondHistory: 'protocol',
  /** A sync engine sent another block of a known number without saying that the chain forked. */
  UnannouncedFork: 'protocol',
  /** A poll brought more envelopes than can be undone. */
  PollTooLarge: 'usage',
  /** The live order book has stopped after an error. */
  LiveErrored: 'usage',
  /** A script of the stub engine cannot be read. */
  BadScript: 'usage',
  /** A vault would fall below zero, which the chain does not let happen. */
  NegativeVaultBalance: 'protocol',
} as const satisfies Record<string, ErrorKind>

export type RaindexErrorName = keyof typeof kinds

/** Facts of an error, such as the token or the log it is about. */
export type RaindexErrorDetails = Readonly<Record<string, string | number>>

/** An error of the virtual order book. `errorName` tells them apart; `details` holds their facts. */
export class RaindexError extends FreshetError {
  override readonly name = 'RaindexError'
  readonly errorName: RaindexErrorName
  readonly details: RaindexErrorDetails

  constructor(
    errorName: RaindexErrorName,
    message: string,
    details: RaindexErrorDetails = {},
    cause?: unknown,
  ) {
    super({ code: `raindex/${kebabCase(errorName)}`, kind: kinds[errorName], message, cause })
    this.errorName = errorName
    this.details = details
  }
}

function kebabCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
}
