/** One comparison with recorded data. */
export type GoldenCheck = {
  /** Starts with the id of the rule it proves: `[FL1] every recorded operation …`. */
  readonly title: string
  /** Name of the recorded file, without `.gz`. */
  readonly file: string
  /**
   * Compares everything in the file's text; never throws for a difference.
   *
   * @param readOther - Gives the text of another recorded file, undefined when it is not there.
   */
  compare(text: string, readOther: (file: string) => string | undefined): GoldenResult | Promise<GoldenResult>
}

export type GoldenResult = {
  /** Recorded rows that were compared. */
  readonly checked: number
  /** One sentence for each row that came out otherwise. */
  readonly differences: readonly string[]
  /** Why nothing could be compared. */
  readonly skipped?: string | undefined
}
