/** Bytes of a vault's name: owner, token, id. */
const ownerBytes = 20
const idAt = 2 * ownerBytes
export const vaultNameBytes = idAt + 32
const nameWords = vaultNameBytes / 4

/** Where the parts of a vault's name lie in a view. */
export type VaultNameAt = { owner: number; token: number; id: number }

/**
 * Finds values by the bytes of a vault's name, wherever its parts lie: text made for each movement would cost more than
 * what is done with it.
 */
export function createVaultNames<T>() {
  const values: T[] = []
  let names = new Int32Array(1_024 * nameWords)
  /** Number of the value in each place, from 1. */
  let places = new Int32Array(4_096)
  const asked = new Int32Array(nameWords)

  const hash = (words: Int32Array, from: number): number => {
    let mixed = 0
    for (let i = from; i < from + nameWords; i++) mixed = Math.imul(mixed ^ (words[i] ?? 0), 0x9e37_79b1)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  const isAsked = (value: number): boolean => {
    for (let i = 0; i < nameWords; i++) if (names[value * nameWords + i] !== asked[i]) return false
    return true
  }
  /** The place of what was asked for, or the free one where it would be. */
  const placeOfAsked = (): number => {
    let place = hash(asked, 0) & (places.length - 1)
    for (let number = places[place]; number; number = places[place]) {
      if (isAsked(number - 1)) break
      place = (place + 1) & (places.length - 1)
    }
    return place
  }
  const grow = (): void => {
    const larger = new Int32Array(2 * names.length)
    larger.set(names)
    names = larger
    places = new Int32Array(2 * places.length)
    for (let value = 0; value < values.length; value++) {
      let place = hash(names, value * nameWords) & (places.length - 1)
      while (places[place] !== 0) place = (place + 1) & (places.length - 1)
      places[place] = value + 1
    }
  }
  return {
    /** Looks for a name. What is not there can be added next. */
    find(view: DataView, { owner, token, id }: VaultNameAt): T | undefined {
      for (let i = 0; i < 5; i++) {
        asked[i] = view.getInt32(owner + 4 * i)
        asked[5 + i] = view.getInt32(token + 4 * i)
      }
      for (let i = 0; i < 8; i++) asked[10 + i] = view.getInt32(id + 4 * i)
      const number = places[placeOfAsked()] ?? 0
      return number === 0 ? undefined : values[number - 1]
    },
    /** Adds a value under the name that was last looked for in vain. */
    add(value: T): void {
      if ((values.length + 1) * nameWords > names.length) grow()
      names.set(asked, values.length * nameWords)
      places[placeOfAsked()] = values.push(value)
    },
    clear(): void {
      values.length = 0
      places.fill(0)
    },
  }
}
