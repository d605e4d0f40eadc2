export type WindowSizeOptions = {
  /** Blocks of the first window. */
  readonly initial: number
  readonly most: number
  /** Logs that a window should bring. */
  readonly targetLogs: number
}

/** How many blocks to ask for at once: less where a node cannot answer, more where little comes. */
export type WindowSize = {
  readonly blocks: number
  /** An answer came: how many logs, of how many blocks. */
  answered(blocks: number, logs: number): void
  /** This many blocks were too many. */
  refused(blocks: number): void
}

export function createWindowSize({ initial, most, targetLogs }: WindowSizeOptions): WindowSize {
  let blocks = Math.min(initial, most)
  return {
    get blocks() {
      return blocks
    },
    answered(asked, logs) {
      // A short window at the end of a range says nothing about longer ones.
      if (asked < blocks) return
      const factor = Math.min(2, Math.max(0.5, targetLogs / Math.max(1, logs)))
      blocks = Math.min(most, Math.max(1, Math.ceil(asked * factor)))
    },
    refused(asked) {
      blocks = Math.max(1, Math.min(blocks, Math.floor(asked / 2)))
    },
  }
}
