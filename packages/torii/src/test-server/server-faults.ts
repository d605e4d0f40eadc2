/** How badly a server behaves; each probability is per request or per message. */
export type ServerFaults = {
  readonly maxLatencyMs: number
  /** The connection is refused or reset, a gateway answers, or the storage fails. */
  readonly failedRequest: number
  /** A stream ends without a word, as for a reader that is too slow. */
  readonly cleanEnd: number
  /** A stream is reset. */
  readonly brokenStream: number
  /** The same message twice in a row. */
  readonly duplicate: number
}

export const noServerFaults: ServerFaults = {
  maxLatencyMs: 0,
  failedRequest: 0,
  cleanEnd: 0,
  brokenStream: 0,
  duplicate: 0,
}
