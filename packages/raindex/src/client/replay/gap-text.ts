import type { ReplayGap } from './replay-columns.ts'

/** Why there is no quote, in a few words. */
export function gapText(reason: ReplayGap): string {
  switch (reason.kind) {
    case 'BeyondHistory':
      return 'beyond the history'
    case 'OrderNotFound':
      return 'the order is not live'
    case 'Reverted':
      return reason.data === '0x' ? 'reverted without data' : `reverted with ${reason.data}`
    case 'CalculateIoOutputsMissing':
      return `the program left ${reason.stackLength} values, not two`
    case 'TokenSelfTrade':
      return 'both sides are one token'
    case 'TokenDecimalMissing':
      return `the decimals of ${reason.token} are not known`
    case 'WalletUnknown':
      return `the wallet of ${reason.owner} is not known`
    case 'MissingBytecode':
      return `the ${reason.codeKind.toLowerCase()} code of ${reason.address} is not loaded`
    case 'ExternalAccount':
      return `the program looks at ${reason.address}, which is not loaded`
    case 'InvalidSignature':
      return `signed context ${reason.index} is not signed by its signer`
    case 'SignatureUnverifiable':
      return `only the chain can check the signature of signed context ${reason.index}`
    case 'GasExhausted':
      return `the program uses more than ${reason.gasLimit} gas`
    case 'HostFault':
      return reason.message
    case 'InvalidInputIndex':
    case 'InvalidOutputIndex':
    case 'NoOrders':
    case 'ZeroMaximum':
    case 'TokenMismatch':
    case 'MinimumNotMet':
    case 'NegativeVaultBalanceChange':
    case 'NegativeVaultBalance':
    case 'SameOwner':
    case 'NegativeBounty':
    case 'ClearZeroAmount':
    case 'WalletShort':
    case 'OddWrites':
      return reason.kind
  }
}
