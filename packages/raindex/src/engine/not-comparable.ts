import { FloatError, type Float } from '../float/index.ts'
import type { Address, Bytes32, Hex } from './hex.ts'
import type { EvaluationGap } from './interpreter.ts'

/**
 * Why there is no number: what the chain would revert with, or what is not
 * known here. A value to show, not an error.
 */
export type NotComparable =
  | { readonly kind: 'OrderNotFound'; readonly orderHash: Bytes32 }
  | { readonly kind: 'InvalidInputIndex'; readonly index: number; readonly length: number }
  | { readonly kind: 'InvalidOutputIndex'; readonly index: number; readonly length: number }
  | { readonly kind: 'TokenSelfTrade' }
  | { readonly kind: 'InvalidSignature'; readonly index: number }
  /** The program left fewer than two values. */
  | { readonly kind: 'CalculateIoOutputsMissing'; readonly stackLength: number }
  /** The program or the float arithmetic reverted. */
  | { readonly kind: 'Reverted'; readonly data: Hex }
  | { readonly kind: 'NoOrders' }
  | { readonly kind: 'ZeroMaximum'; readonly version: 'v5' | 'v6' }
  | { readonly kind: 'TokenMismatch' }
  | {
      readonly kind: 'MinimumNotMet'
      readonly version: 'v5' | 'v6'
      readonly minimum: Float
      readonly actual: Float
    }
  | { readonly kind: 'NegativeVaultBalanceChange'; readonly amount: Float }
  | { readonly kind: 'NegativeVaultBalance'; readonly balance: Float }
  /** Clears only. */
  | { readonly kind: 'SameOwner' | 'NegativeBounty' | 'ClearZeroAmount' }
  | { readonly kind: 'TokenDecimalMissing'; readonly token: Address }
  /** The signer may be a contract, which only the chain can ask. */
  | { readonly kind: 'SignatureUnverifiable'; readonly index: number }
  /** Vault 0 of V6 is the owner's wallet, and what is in it was not given. */
  | { readonly kind: 'WalletUnknown'; readonly owner: Address; readonly token: Address }
  /** The owner's wallet does not have, or does not allow, what the order gives. */
  | { readonly kind: 'WalletShort'; readonly owner: Address; readonly token: Address }
  /** The program writes an odd number of words. */
  | { readonly kind: 'OddWrites'; readonly count: number }
  | EvaluationGap

/** Leaves an evaluation with the reason why there is no number; caught where the outcome is made. */
export class Unquotable extends Error {
  override readonly name = 'Unquotable'
  readonly reason: NotComparable

  constructor(reason: NotComparable) {
    super(reason.kind)
    this.reason = reason
  }
}

/** The reason an error carries: our own, or what the float contract reverts with. Other errors are thrown on. */
export function reasonOf(error: unknown): NotComparable {
  if (error instanceof Unquotable) return error.reason
  if (error instanceof FloatError) return { kind: 'Reverted', data: revertData(error.selector, error.args) }
  throw error
}

/**
 * What the chain would revert with for a reason.
 *
 * @returns undefined where the chain would not revert, or for what is only unknown here.
 */
export function revertDataOf(reason: NotComparable): Hex | undefined {
  switch (reason.kind) {
    case 'InvalidInputIndex':
    case 'InvalidOutputIndex':
      return revertData('0x4e487b71', [0x32n])
    case 'TokenSelfTrade':
      return '0x734bc71c'
    case 'InvalidSignature':
      return revertData('0x52bf9848', [BigInt(reason.index)])
    case 'CalculateIoOutputsMissing':
      return revertData('0x3eee3954', [BigInt(reason.stackLength)])
    case 'Reverted':
      return reason.data
    case 'NoOrders':
      return '0x9c95219f'
    case 'ZeroMaximum':
      return reason.version === 'v5' ? '0xc2ee7009' : '0xc57e788c'
    case 'TokenMismatch':
      return '0x936bb5ad'
    case 'MinimumNotMet':
      return revertData(reason.version === 'v5' ? '0xe609bc49' : '0x573b6f41', [
        reason.minimum,
        reason.actual,
      ])
    case 'SameOwner':
      return '0x2a63c7cc'
    case 'NegativeBounty':
      return '0x0d868221'
    case 'ClearZeroAmount':
      return '0x21badf1f'
    case 'NegativeVaultBalanceChange':
      return revertData('0x793a8f55', [reason.amount])
    case 'NegativeVaultBalance':
      return revertData('0xc5e12af5', [reason.balance])
    case 'OrderNotFound':
    case 'TokenDecimalMissing':
    case 'SignatureUnverifiable':
    case 'WalletUnknown':
    case 'WalletShort':
    case 'OddWrites':
    case 'MissingBytecode':
    case 'ExternalAccount':
    case 'GasExhausted':
    case 'HostFault':
      return undefined
  }
}

/** A selector and its arguments, each a word; negative ones in two's complement. */
function revertData(selector: Hex, args: readonly bigint[]): Hex {
  return `0x${selector.slice(2)}${args.map((arg) => BigInt.asUintN(256, arg).toString(16).padStart(64, '0')).join('')}`
}
