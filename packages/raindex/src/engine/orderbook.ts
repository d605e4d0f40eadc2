import type { Address, Bytes32 } from './hex.ts'

/** An order book on one chain. */
export type Orderbook = {
  readonly address: Address
  /** V6 has the same events; it moves vault 0 straight to and from the owner's wallet. */
  readonly version: 'v5' | 'v6'
}

const zeroVault: Bytes32 = `0x${'0'.repeat(64)}`

/** Whether a vault is the owner's wallet, which no event of the order book tells about. */
export function isVaultless(version: Orderbook['version'], vaultId: Bytes32): boolean {
  return version === 'v6' && vaultId === zeroVault
}
