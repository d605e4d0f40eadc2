import type { Address, Bytes32 } from './hex.ts'
import { keccak256 } from './keccak.ts'

/** The namespace of an owner's words in a store, as the order book qualifies it: the key of `Set` events. */
export function qualifiedNamespace(owner: Address, orderbook: Address): Bytes32 {
  return keccak256(`0x${addressWord(owner).slice(2)}${addressWord(orderbook).slice(2)}`)
}

/** Words of addresses that were asked for, so that one address has one string and compares at once. */
const addressWords = new Map<Address, Bytes32>()
const mostAddressWords = 10_000

/** An address as a word. */
export function addressWord(address: Address): Bytes32 {
  const known = addressWords.get(address)
  if (known !== undefined) return known
  const word: Bytes32 = `0x${address.slice(2).padStart(64, '0')}`
  if (addressWords.size >= mostAddressWords) addressWords.clear()
  addressWords.set(address, word)
  return word
}
