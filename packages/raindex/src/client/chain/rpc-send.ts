/** A request to a node. */
export type RpcRequest = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/** The beginning of an answer; the rest of it comes part by part. */
export type RpcAnswer = {
  readonly status: number
  /** A header by its name, in any case; null when there is none. */
  header(name: string): string | null
  /**
   * Reads the answer, once.
   *
   * @param take - Given each part in order. Its bytes are gone once it has returned; what it throws ends the reading.
   */
  read(take: (part: Uint8Array) => void): Promise<void>
}

/** Sends requests to nodes. Rejects when there is no answer. */
export type RpcSend = (request: RpcRequest) => Promise<RpcAnswer>

/**
 * Gives back the memory of a part that nobody else holds: it then waits for no collection of garbage, which megabytes
 * of parts would otherwise start again and again.
 */
export function letGo({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (typeof buffer.transfer === 'function') buffer.transfer(0)
}
