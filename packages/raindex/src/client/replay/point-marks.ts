/** Why a point may differ from what the chain would have said then: something it depends on is not of that time. */
export type PointMark =
  /** Signed words, or the lack of them, that are not of the point's second. */
  | 'signed-context'
  /** The wallet behind vault 0, as it is now. */
  | 'wallet'
  /** Another contract, whose state is not in the history. */
  | 'other-contract'
  /** A field of the block that the history does not hold, such as the base fee. */
  | 'block-field'
  /** The block's number or time, reckoned between two known blocks. */
  | 'estimated-block'
  /** Words of the store that were given in place of what they were. */
  | 'override'

/** In the order of their bits. */
export const pointMarks: readonly PointMark[] = [
  'signed-context',
  'wallet',
  'other-contract',
  'block-field',
  'estimated-block',
  'override',
]

/** Marks as one number, a bit for each. */
export type MarkBits = number

export function bitOf(mark: PointMark): MarkBits {
  return 1 << pointMarks.indexOf(mark)
}

/** The marks of a point, in their order. */
export function marksOf(bits: MarkBits): readonly PointMark[] {
  return pointMarks.filter((mark) => (bits & bitOf(mark)) !== 0)
}
