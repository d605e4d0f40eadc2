/** Lets callers in one by one, in the order they came, as there is room. */
export type WaitingRoom = {
  /** Whether a caller must wait: no room is left, or others came before. */
  readonly isFull: boolean
  /** Resolves when it is the caller's turn; to be used at once. */
  enter(): Promise<void>
  /** To be called when room may have become free. */
  letIn(): void
  /** Lets everyone in: there is nothing to wait for any more. */
  close(): void
}

export function createWaitingRoom(free: () => number): WaitingRoom {
  const waiting: (() => void)[] = []
  /** Called in and not yet there. */
  let onTheirWay = 0
  const callIn = (): void => {
    onTheirWay += 1
    waiting.shift()?.()
  }
  return {
    get isFull() {
      return waiting.length > 0 || free() <= onTheirWay
    },
    async enter() {
      await new Promise<void>((resolve) => waiting.push(resolve))
      onTheirWay -= 1
    },
    letIn() {
      while (waiting.length > 0 && free() > onTheirWay) callIn()
    },
    close() {
      while (waiting.length > 0) callIn()
    },
  }
}
