import { fromFixedDecimalLossless, fromFixedDecimalLossy, min, type Float } from '../float/index.ts'
import type { Address } from './hex.ts'
import { Unquotable } from './not-comparable.ts'
import type { OrderIO } from './order.ts'
import type { OrderbookState } from './orderbook-state.ts'
import { isVaultless, type Orderbook } from './orderbook.ts'

/**
 * What an owner can give out of a vault; of vault 0 in V6, what the wallet has and allows.
 *
 * @throws {Unquotable} `WalletUnknown`
 */
export function availableBalance(
  state: OrderbookState,
  version: Orderbook['version'],
  owner: Address,
  { token, vaultId }: OrderIO,
  decimals: number,
): Float {
  if (!isVaultless(version, vaultId)) return state.vaultBalance(owner, token, vaultId)
  const wallet = state.wallet?.(owner, token)
  if (wallet === undefined) throw new Unquotable({ kind: 'WalletUnknown', owner, token })
  const { float: allowance } = fromFixedDecimalLossy(wallet.allowance, decimals)
  return min(fromFixedDecimalLossless(wallet.balance, decimals), allowance)
}
