import { add, lt, minus, sub, toFixedDecimalLossy, zero, type Float } from '../float/index.ts'
import type { Address, Bytes32 } from './hex.ts'
import type { Mutation, StoreSet, VaultDelta } from './mutation.ts'
import { Unquotable } from './not-comparable.ts'
import type { OrderIO } from './order.ts'
import type { OrderbookState, Wallet } from './orderbook-state.ts'
import { isVaultless, type Orderbook } from './orderbook.ts'
import { storeRowId, vaultRowId } from './tables.ts'

const unlimited = 2n ** 256n - 1n

/** A state that a simulation changes, over one that it leaves alone. */
export type WorkingState = OrderbookState & {
  /** @throws {Unquotable} `NegativeVaultBalanceChange`, `NegativeVaultBalance`, `WalletUnknown` */
  increase(owner: Address, io: OrderIO, amount: Float): void
  /** @throws {Unquotable} as `increase`, and `WalletShort` */
  decrease(owner: Address, io: OrderIO, amount: Float): void
  /** @throws {Unquotable} `OddWrites` */
  setWords(store: Address, fqn: Bytes32, writes: readonly Bytes32[]): void
  /** What was done: at most one of vaults and one of store words, each in order. Moves of wallets are not among it. */
  mutations(): readonly Mutation[]
}

export function createWorkingState(base: OrderbookState, version: Orderbook['version']): WorkingState {
  const vaults = new Map<string, Float>()
  const words = new Map<string, Bytes32>()
  const wallets = new Map<string, Wallet>()
  const deltas: VaultDelta[] = []
  const sets: StoreSet[] = []

  const vaultBalance: OrderbookState['vaultBalance'] = (owner, token, vaultId) =>
    vaults.get(vaultRowId(owner, token, vaultId)) ?? base.vaultBalance(owner, token, vaultId)
  const wallet = (owner: Address, token: Address): Wallet | undefined =>
    wallets.get(`${owner}/${token}`) ?? base.wallet?.(owner, token)
  const knownWallet = (owner: Address, token: Address): Wallet => {
    const known = wallet(owner, token)
    if (known === undefined) throw new Unquotable({ kind: 'WalletUnknown', owner, token })
    return known
  }
  const moveVault = (owner: Address, { token, vaultId }: OrderIO, balance: Float, delta: Float): void => {
    if (lt(balance, zero)) throw new Unquotable({ kind: 'NegativeVaultBalance', balance })
    vaults.set(vaultRowId(owner, token, vaultId), balance)
    deltas.push({ owner, token, vaultId, delta })
  }
  const unitsOf = (token: Address, amount: Float): ReturnType<typeof toFixedDecimalLossy> => {
    const decimals = base.tokenDecimals(token)
    if (decimals === undefined) throw new Unquotable({ kind: 'TokenDecimalMissing', token })
    return toFixedDecimalLossy(amount, decimals)
  }

  return {
    get env() {
      return base.env
    },
    order: (hash) => base.order(hash),
    vaultBalance,
    word: (store, fqn, key) => words.get(storeRowId(store, fqn, key)) ?? base.word(store, fqn, key),
    tokenDecimals: (token) => base.tokenDecimals(token),
    wallet,
    increase(owner, io, amount) {
      assertNotNegative(amount)
      if (!isVaultless(version, io.vaultId)) {
        return moveVault(owner, io, add(vaultBalance(owner, io.token, io.vaultId), amount), amount)
      }
      const { value } = unitsOf(io.token, amount)
      const known = wallet(owner, io.token)
      if (known === undefined) return
      wallets.set(`${owner}/${io.token}`, { ...known, balance: known.balance + value })
    },
    decrease(owner, io, amount) {
      assertNotNegative(amount)
      if (!isVaultless(version, io.vaultId)) {
        return moveVault(owner, io, sub(vaultBalance(owner, io.token, io.vaultId), amount), minus(amount))
      }
      // Rounded up when tokens are pulled.
      const { value, lossless } = unitsOf(io.token, amount)
      const units = lossless ? value : value + 1n
      const { balance, allowance } = knownWallet(owner, io.token)
      if (units > balance || units > allowance)
        throw new Unquotable({ kind: 'WalletShort', owner, token: io.token })
      const left = allowance === unlimited ? allowance : allowance - units
      wallets.set(`${owner}/${io.token}`, { balance: balance - units, allowance: left })
    },
    setWords(store, fqn, writes) {
      if (writes.length === 0) return
      if (writes.length % 2 !== 0) throw new Unquotable({ kind: 'OddWrites', count: writes.length })
      const kvs: { key: Bytes32; value: Bytes32 }[] = []
      for (let i = 0; i < writes.length; i += 2) {
        const [key, value] = [writes[i], writes[i + 1]]
        if (key === undefined || value === undefined) continue
        words.set(storeRowId(store, fqn, key), value)
        kvs.push({ key, value })
      }
      sets.push({ store, fqn, kvs })
    },
    mutations() {
      const mutations: Mutation[] = []
      if (deltas.length > 0) mutations.push({ kind: 'vaultDeltas', deltas: [...deltas] })
      if (sets.length > 0) mutations.push({ kind: 'applyStore', sets: [...sets] })
      return mutations
    },
  }
}

function assertNotNegative(amount: Float): void {
  if (lt(amount, zero)) throw new Unquotable({ kind: 'NegativeVaultBalanceChange', amount })
}
