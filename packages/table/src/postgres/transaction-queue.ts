import type { FreshetError } from '@freshet/core'
import { readPgOutput } from './pgoutput.ts'
import { postgresToError } from './postgres-errors.ts'
import type { ReadTransaction, TransactionReader } from './transaction-reader.ts'

/** What a stream came to. */
type StreamEvent =
  | { readonly kind: 'transaction'; readonly transaction: ReadTransaction }
  /** The server has nothing more to send up to here; where it `asks`, it waits until we have confirmed that. */
  | { readonly kind: 'quiet'; readonly walEnd: bigint; readonly asks: boolean }
  | { readonly kind: 'wake' }

/** Transactions on their way from the connection to the watch, which takes them in its own time. */
export type TransactionQueue = {
  /** To be called with each frame as it comes; it is not held. */
  onFrame(frame: Buffer): void
  onEnd(error: FreshetError): void
  /** Makes `next` return, though nothing has come. */
  wake(): void
  /** @throws {FreshetError} what ended the stream, when all that came before has been taken. */
  next(): Promise<StreamEvent>
}

/** Changes that may wait to be taken before the server is made to wait, beside the transaction that comes in. */
const maxWaiting = 50_000

/**
 * @param options.onFull - Told to make the server wait, or go on.
 * @param options.onAsked - Told that the server wants a word from us.
 */
export function createTransactionQueue(options: {
  readonly reader: TransactionReader
  onFull(isFull: boolean): void
  onAsked(): void
}): TransactionQueue {
  const { reader } = options
  let events: StreamEvent[] = []
  let taken = 0
  let waiting = 0
  let ended: FreshetError | undefined
  let wakeUp: (() => void) | undefined
  // Frames that came while the types of their columns are being asked for.
  let held: Buffer[] | undefined

  const tell = (event: StreamEvent): void => {
    events.push(event)
    wakeUp?.()
    wakeUp = undefined
  }
  const weigh = (changes: number): void => {
    const wasFull = waiting > maxWaiting
    waiting += changes
    if (waiting > maxWaiting !== wasFull) options.onFull(!wasFull)
  }
  const read = (frame: Buffer): void => {
    const message = readPgOutput(frame)
    if (message.kind === 'keepalive') {
      if (message.wantsReply) options.onAsked()
      if (reader.isBetween) tell({ kind: 'quiet', walEnd: message.walEnd, asks: message.wantsReply })
      return
    }
    const transaction = reader.take(message)
    if (transaction instanceof Promise) hold(transaction)
    else if (transaction !== undefined) {
      weigh(transaction.changes.length)
      tell({ kind: 'transaction', transaction })
    }
  }
  const hold = (until: Promise<unknown>): void => {
    held ??= []
    until.then(release, (error: unknown) => queue.onEnd(postgresToError(error)))
  }
  const heldNow = (): Buffer[] | undefined => held
  const release = (): void => {
    const frames = held ?? []
    held = undefined
    // A frame may make those behind it wait again.
    for (const frame of frames) {
      const again = heldNow()
      if (again === undefined) read(frame)
      else again.push(frame)
    }
  }

  const queue: TransactionQueue = {
    onFrame(frame) {
      if (held === undefined) read(frame)
      else held.push(Buffer.from(frame))
    },
    onEnd(error) {
      ended ??= error
      wakeUp?.()
    },
    wake: () => tell({ kind: 'wake' }),
    async next() {
      if (taken === events.length) {
        events = []
        taken = 0
        if (ended !== undefined) throw ended
        await new Promise<void>((resolve) => {
          wakeUp = resolve
        })
        return queue.next()
      }
      // There is one: the lengths differ.
      const event = events[taken++] as StreamEvent
      if (event.kind === 'transaction') weigh(-event.transaction.changes.length)
      return event
    },
  }
  return queue
}
