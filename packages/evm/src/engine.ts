import type { BytesInput, Hex, WordInput } from './bytes.ts'

/**
 * Which instruction set and prices apply. Later forks than these are not known to this package.
 *
 * @see EIP-7569 (Cancun), EIP-7600 (Prague), EIP-7607 (Osaka)
 */
export type Hardfork = 'cancun' | 'prague' | 'osaka'

/** The block a call runs in. What is left out is zero. Amounts are wei. */
export type BlockEnv = {
  readonly number: bigint
  readonly timestamp: bigint
  /** Constant for the life of an engine, so it is not in {@link ReadSet}. */
  readonly chainId: bigint
  readonly baseFee?: bigint | undefined
  readonly blobBaseFee?: bigint | undefined
  readonly gasLimit?: bigint | undefined
  readonly coinbase?: BytesInput | undefined
  readonly prevRandao?: WordInput | undefined
  /** Hashes of earlier blocks by number. One that is asked for and not here is `missing`. */
  readonly blockHashes?: ReadonlyMap<bigint, WordInput> | undefined
}

/** One static call. */
export type StaticCall = {
  readonly to: BytesInput
  /** Caller and origin. */
  readonly from: BytesInput
  readonly data: BytesInput
  /** Gas for execution, without the 21,000 of a transaction. From 0 to {@link maxCallGas}. */
  readonly gas: bigint
  /** What GASPRICE answers, in wei. Default 0. */
  readonly gasPrice?: bigint | undefined
  /** What BLOBHASH answers. Default none. */
  readonly blobHashes?: readonly WordInput[] | undefined
}

/** The most gas a call may have: above it, memory offsets of 4 GiB would become payable. */
export const maxCallGas = (1n << 44n) - 1n

/** What a call depended on. While none of it changes, the result stays what it is. */
export type ReadSet = {
  readonly time: boolean
  readonly number: boolean
  /**
   * Any other field of the block, apart from the chain id. That the coinbase is warm from the start does not
   * count: it changes nothing but the price of touching that account.
   */
  readonly block: boolean
  readonly slots: readonly SlotRead[]
  /** Accounts whose code, balance or existence was looked at, hooks included; lower-case hex. */
  readonly accounts: readonly Hex[]
}

/** One storage slot that a call read, as lower-case hex. */
export type SlotRead = readonly [address: Hex, slot: Hex]

/** State that a call asked for and nobody had loaded. */
export type MissingState =
  | { readonly kind: 'account'; readonly address: Hex }
  | { readonly kind: 'balance'; readonly address: Hex }
  | { readonly kind: 'slot'; readonly address: Hex; readonly slot: Hex }
  | { readonly kind: 'block-hash'; readonly number: bigint }

/**
 * How a call ended. `ok` and `revert` carry output; `halt` is out of gas, an invalid instruction, a state
 * change or any other exceptional end, and uses all gas. `missing` and `unsupported` say nothing about the
 * contract: load what is missing, or ask another engine.
 */
export type EvmResult =
  | {
      readonly status: 'ok' | 'revert' | 'halt'
      readonly output: Uint8Array
      readonly gasUsed: bigint
      readonly reads: ReadSet
    }
  | {
      readonly status: 'missing'
      readonly output: Uint8Array
      readonly gasUsed: bigint
      readonly reads: ReadSet
      readonly missing: MissingState
    }
  | {
      readonly status: 'unsupported'
      readonly output: Uint8Array
      readonly gasUsed: bigint
      readonly reads: ReadSet
      readonly reason: string
    }

/** What a hook is asked. `data` is valid only during the call. */
export type HookCall = { readonly data: Uint8Array; readonly gas: bigint }

/** What a hook answers. `gasUsed` defaults to 0; above the gas given the call halts. */
export type HookResult = {
  readonly status: 'ok' | 'revert'
  readonly output: Uint8Array
  readonly gasUsed?: bigint | undefined
}

/**
 * Answers calls to one address without bytecode. Must be pure and must not call back into its engine.
 * `undefined` means it cannot answer: the whole call ends `unsupported`.
 */
export type Hook = (call: HookCall) => HookResult | undefined

/** The state that calls see. Setting never affects a call that already returned. */
export interface EvmState {
  /** The account exists and runs this code; empty bytes make an account without code. */
  setCode(address: BytesInput, code: BytesInput): void
  /** The account exists with this many wei. */
  setBalance(address: BytesInput, balance: bigint): void
  setStorage(address: BytesInput, slot: WordInput, value: WordInput): void
  /** The account does not exist: no code, no balance. */
  setKnownEmpty(address: BytesInput): void
  /** Slots of this account that were not set are zero, instead of missing. */
  setComplete(address: BytesInput): void
  /**
   * Calls to the address are answered by the host; `undefined` removes the hook. An account without loaded
   * code then shows one byte of code, so that Solidity's check for a contract passes.
   */
  setHook(address: BytesInput, hook: Hook | undefined): void
  setBlock(env: BlockEnv): void
}

/**
 * Runs static calls. Never changes state, keeps nothing from one call to the next, belongs to one thread.
 *
 * @throws {EvmError} kind `usage` from every method, before anything runs: `evm/bad-hex`, `evm/bad-address`,
 *   `evm/bad-word`, `evm/code-too-large`, `evm/bad-gas`. Correct the argument.
 */
export interface EvmEngine extends EvmState {
  readonly name: string
  staticCall(call: StaticCall): EvmResult
}

/** {@link EvmEngine} for engines that cannot answer at once. */
export interface AsyncEvmEngine extends EvmState {
  readonly name: string
  staticCall(call: StaticCall): Promise<EvmResult>
}

/** What an engine assumes of state that nobody loaded. */
export type UnknownState = 'missing' | 'empty'

/** Options that every engine takes. */
export type EngineOptions = {
  /** Default `osaka`. */
  readonly hardfork?: Hardfork | undefined
  /** Default `missing`. `empty` is for closed worlds, such as tests: what is not loaded does not exist. */
  readonly unknown?: UnknownState | undefined
  /** Largest code accepted. Default {@link maxCodeBytes}; some chains allow more. */
  readonly maxCodeBytes?: number | undefined
}

/** Largest code of an account on Ethereum (EIP-170). */
export const maxCodeBytes = 24_576
