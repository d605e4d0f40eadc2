/** Chance as a parameter. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}

/** The engine's own generator. */
export const systemRandom: Random = { next: () => Math.random() }

/** A whole number in [0, bound). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.next() * bound)
}

/**
 * A UUID of version 7 (RFC 9562, section 5.7): ordered by the time of its making.
 *
 * Made from the given clock reading and generator, so that a seeded run makes
 * the same ids again.
 */
export function uuidV7(random: Random, nowUnixMs: number): string {
  const time = Math.max(0, Math.floor(nowUnixMs)).toString(16).padStart(12, '0').slice(-12)
  const digits = (count: number): string => {
    let text = ''
    while (text.length < count) text += randomBelow(random, 16).toString(16)
    return text
  }
  const variant = (8 + randomBelow(random, 4)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${digits(3)}-${variant}${digits(3)}-${digits(12)}`
}
