import {
  bytesToHex,
  toAddressBytes,
  toBytes,
  toWordBytes,
  type BytesInput,
  type Hex,
  type WordInput,
} from './bytes.ts'
import type { BlockEnv, EvmState, Hook } from './engine.ts'

/** One setting, as data that crosses to a worker. */
export type StateChange =
  | { readonly kind: 'code'; readonly address: Hex; readonly code: Uint8Array }
  | { readonly kind: 'balance'; readonly address: Hex; readonly balance: bigint }
  | { readonly kind: 'storage'; readonly address: Hex; readonly slot: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'empty' | 'complete'; readonly address: Hex }
  | { readonly kind: 'hook'; readonly address: Hex; readonly hook: Hook | undefined }
  | { readonly kind: 'block'; readonly env: BlockEnv }

/** Applies a change to an engine. */
export function applyChange(state: EvmState, change: StateChange): void {
  switch (change.kind) {
    case 'code':
      return state.setCode(change.address, change.code)
    case 'balance':
      return state.setBalance(change.address, change.balance)
    case 'storage':
      return state.setStorage(change.address, change.slot, change.value)
    case 'empty':
      return state.setKnownEmpty(change.address)
    case 'complete':
      return state.setComplete(change.address)
    case 'hook':
      return state.setHook(change.address, change.hook)
    case 'block':
      return state.setBlock(change.env)
  }
}

/** Turns settings into changes, checked and copied. */
export function stateRecorder(record: (change: StateChange) => void): EvmState {
  const hexOf = (address: BytesInput): Hex => bytesToHex(toAddressBytes(address))
  return {
    setCode: (address, code) =>
      record({ kind: 'code', address: hexOf(address), code: toBytes(code, 'code').slice() }),
    setBalance: (address, balance) => {
      toWordBytes(balance, 'balance')
      record({ kind: 'balance', address: hexOf(address), balance })
    },
    setStorage: (address, slot: WordInput, value: WordInput) =>
      record({
        kind: 'storage',
        address: hexOf(address),
        slot: toWordBytes(slot, 'slot').slice(),
        value: toWordBytes(value, 'value').slice(),
      }),
    setKnownEmpty: (address) => record({ kind: 'empty', address: hexOf(address) }),
    setComplete: (address) => record({ kind: 'complete', address: hexOf(address) }),
    setHook: (address, hook) => record({ kind: 'hook', address: hexOf(address), hook }),
    setBlock: (env) => record({ kind: 'block', env }),
  }
}

/** The settings that make the present state, to bring another engine up to it. */
export class StateLog {
  readonly #changes = new Map<string, StateChange>()

  record(change: StateChange): void {
    const key = keyOf(change)
    // Set anew, so that the order of what depends on each other (code, then declared empty) is kept.
    this.#changes.delete(key)
    this.#changes.set(key, change)
  }

  changes(): IterableIterator<StateChange> {
    return this.#changes.values()
  }
}

function keyOf(change: StateChange): string {
  switch (change.kind) {
    case 'block':
      return 'block'
    case 'storage':
      return `storage ${change.address} ${bytesToHex(change.slot)}`
    case 'code':
    case 'balance':
    case 'empty':
    case 'complete':
    case 'hook':
      return `${change.kind} ${change.address}`
  }
}
