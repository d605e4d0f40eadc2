import type { OrderbookState, Wallet } from '../engine/index.ts'
import { rowState, storeRowId, vaultRowId } from '../engine/index.ts'
import { hexToFloat } from '../float/index.ts'
import type { GoldenCheckpoint, GoldenClock, GoldenRun } from './golden-run.ts'
import { createMapDraft } from './map-draft.ts'

/** The chain's state at a checkpoint, bits and all. */
export function checkpointState(
  run: GoldenRun,
  checkpoint: GoldenCheckpoint,
  clock: GoldenClock,
): OrderbookState {
  const draft = createMapDraft()
  const wallets = new Map<string, Wallet>()
  const orders = new Map(run.orders.map(({ orderHash, order }) => [orderHash, order]))
  for (const {
    owner,
    token,
    vaultId,
    balance,
    vaultless,
    walletBalance = '0',
    allowance = '0',
  } of checkpoint.vaults) {
    if (vaultless === true) {
      wallets.set(`${owner}/${token}`, { balance: BigInt(walletBalance), allowance: BigInt(allowance) })
    } else {
      draft.put('vaults', vaultRowId(owner, token, vaultId), {
        owner,
        token,
        vaultId,
        balance: hexToFloat(balance),
      })
    }
  }
  for (const { orderHash, exists } of checkpoint.orders) {
    const order = orders.get(orderHash)
    if (exists && order !== undefined) draft.put('orders', orderHash, { hash: orderHash, ...order })
  }
  for (const { store, fqn, words } of checkpoint.store) {
    for (const [key, value] of Object.entries(words)) {
      // Keys of a record of words are words.
      draft.put('store', storeRowId(store, fqn, key as `0x${string}`), { store, fqn, key, value })
    }
  }
  for (const { address, decimals } of run.tokens) draft.put('tokens', address, { token: address, decimals })
  draft.put('env', 'env', { blockNumber: clock.blockNumber, timestamp: clock.timestamp })
  return rowState(draft.get, (owner, token) => wallets.get(`${owner}/${token}`))
}
