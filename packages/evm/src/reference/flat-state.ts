import type { StateManagerInterface } from '@ethereumjs/common'
import { Account, type Address } from '@ethereumjs/util'
import { keccak_256 } from '@noble/hashes/sha3.js'
import {
  bytesToBigInt,
  bytesToHex,
  toAddressBytes,
  toWordBytes,
  type BytesInput,
  type Hex,
  type WordInput,
} from '../bytes.ts'
import type { MissingState, SlotRead, UnknownState } from '../engine.ts'

/** Thrown through the reference engine, which passes on errors it does not know. */
export class MissingSignal extends Error {
  readonly missing: MissingState

  constructor(missing: MissingState) {
    super('missing state')
    this.missing = missing
  }
}

/** Code that an account with a hook shows when it has none of its own: INVALID. */
const hookCode = Uint8Array.of(0xfe)
const noCode = new Uint8Array(0)
const zeroWord = new Uint8Array(32)

type FlatAccount = {
  code: Uint8Array | undefined
  /** Made when it is asked for. */
  codeHash: Uint8Array | undefined
  balance: bigint | undefined
  exists: boolean
  complete: boolean
  hooked: boolean
  readonly storage: Map<Hex, Uint8Array>
}

/**
 * Read-only state for `@ethereumjs/evm`. A static call cannot change state, so checkpoints do nothing and what
 * the engine puts is dropped: its own SimpleStateManager copies every map at every call instead.
 */
export class FlatState implements StateManagerInterface {
  readonly originalStorageCache = {
    get: (address: Address, key: Uint8Array): Promise<Uint8Array> => this.getStorage(address, key),
    clear: (): void => {},
  }
  readonly slots = new Map<string, SlotRead>()
  readonly accounts = new Set<Hex>()
  readonly #accounts = new Map<string, FlatAccount>()
  readonly #unknown: UnknownState
  readonly #isPrecompile: (address: Hex) => boolean

  constructor(unknown: UnknownState, isPrecompile: (address: Hex) => boolean) {
    this.#unknown = unknown
    this.#isPrecompile = isPrecompile
  }

  startReads(): void {
    this.slots.clear()
    this.accounts.clear()
  }

  setCode(address: BytesInput, code: Uint8Array): void {
    const account = this.#at(address)
    account.code = code
    account.codeHash = undefined
    account.exists = true
  }

  setBalance(address: BytesInput, balance: bigint): void {
    const account = this.#at(address)
    account.balance = balance
    account.exists = true
    account.code ??= noCode
  }

  setStorage(address: BytesInput, slot: WordInput, value: Uint8Array): void {
    this.#at(address).storage.set(bytesToHex(toWordBytes(slot, 'slot')), value)
  }

  setKnownEmpty(address: BytesInput): void {
    const account = this.#at(address)
    account.code = noCode
    account.codeHash = undefined
    account.balance = 0n
    account.exists = false
  }

  setComplete(address: BytesInput): void {
    this.#at(address).complete = true
  }

  setHooked(address: BytesInput, hooked: boolean): void {
    this.#at(address).hooked = hooked
  }

  /** Balance as BALANCE and SELFBALANCE see it. */
  readBalance(address: Hex): bigint {
    this.accounts.add(address)
    const account = this.#accounts.get(address)
    if (account?.balance !== undefined) return account.balance
    if (this.#unknown === 'empty') return 0n
    const known = account !== undefined && (account.code !== undefined || account.hooked)
    throw new MissingSignal({ kind: known ? 'balance' : 'account', address })
  }

  /** Hash as EXTCODEHASH sees it: zero for an account that does not exist. */
  readCodeHash(address: Hex): bigint {
    this.accounts.add(address)
    const account = this.#accounts.get(address)
    if (account?.code === undefined) {
      if (account?.hooked === true) return bytesToBigInt(keccak_256(hookCode))
      if (this.#unknown === 'empty') return 0n
      throw new MissingSignal({ kind: 'account', address })
    }
    return account.exists ? bytesToBigInt(hashOf(account)) : 0n
  }

  async getCode(address: Address): Promise<Uint8Array> {
    const hex = bytesToHex(address.bytes)
    if (this.#isPrecompile(hex)) return noCode
    this.accounts.add(hex)
    const account = this.#accounts.get(hex)
    if (account?.code !== undefined) return account.code
    if (account?.hooked === true) return hookCode
    if (this.#unknown === 'empty') return noCode
    throw new MissingSignal({ kind: 'account', address: hex })
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    const hex = bytesToHex(address.bytes)
    const slot = bytesToHex(key)
    this.slots.set(hex + slot, [hex, slot])
    const account = this.#accounts.get(hex)
    const value = account?.storage.get(slot)
    if (value !== undefined) return value
    if (this.#unknown === 'empty' || account?.complete === true) return zeroWord
    throw new MissingSignal({ kind: 'slot', address: hex, slot })
  }

  /** A fresh object each time: the engine changes what it gets. An existing account has nonce 1. */
  async getAccount(address: Address): Promise<Account | undefined> {
    const account = this.#accounts.get(bytesToHex(address.bytes))
    if (account === undefined || !(account.exists || account.hooked)) return undefined
    // Its code hash is read by nothing but EXTCODEHASH, which does not come here.
    return new Account(1n, account.balance ?? 0n)
  }

  async getCodeSize(address: Address): Promise<number> {
    return (await this.getCode(address)).length
  }

  async putAccount(): Promise<void> {}
  async deleteAccount(): Promise<void> {}
  async modifyAccountFields(): Promise<void> {}
  async putCode(): Promise<void> {}
  async putStorage(): Promise<void> {}
  async clearStorage(): Promise<void> {}
  async checkpoint(): Promise<void> {}
  async commit(): Promise<void> {}
  async revert(): Promise<void> {}
  async getStateRoot(): Promise<Uint8Array> {
    return zeroWord
  }
  async setStateRoot(): Promise<void> {}
  async hasStateRoot(): Promise<boolean> {
    return false
  }
  clearCaches(): void {}
  shallowCopy(): StateManagerInterface {
    return this
  }

  #at(address: BytesInput): FlatAccount {
    const key = bytesToHex(toAddressBytes(address))
    let account = this.#accounts.get(key)
    if (account === undefined) {
      account = {
        code: undefined,
        codeHash: undefined,
        balance: undefined,
        exists: false,
        complete: false,
        hooked: false,
        storage: new Map(),
      }
      this.#accounts.set(key, account)
    }
    return account
  }
}

function hashOf(account: FlatAccount): Uint8Array {
  account.codeHash ??= keccak_256(account.code ?? noCode)
  return account.codeHash
}
