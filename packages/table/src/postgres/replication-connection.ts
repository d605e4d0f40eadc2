import type { Socket } from 'node:net'
import { delay, type Clock, type FreshetError } from '@freshet/core'
import { Client, type ClientConfig, type Connection } from 'pg'
import { postgresToError } from './postgres-errors.ts'

/** A connection that speaks the replication protocol. */
export type ReplicationConnection = {
  /** Runs a command or a statement, before the stream is started. */
  command(text: string): Promise<readonly { readonly [column: string]: string | null }[]>
  /**
   * Begins to stream; resolves once the server does.
   *
   * @param onFrame - Given each frame as it comes. Its memory is used again once the call has returned.
   * @param onEnd - Told once what ended the stream.
   */
  start(
    command: string,
    onFrame: (frame: Buffer) => void,
    onEnd: (error: FreshetError) => void,
  ): Promise<void>
  /** Makes the server wait, or go on. */
  pause(isPaused: boolean): void
  /** Tells the server that all before this place is safe here; it may let go of it. */
  acknowledge(lsn: bigint): void
  /** Tells the server that we are there. */
  sendStatus(): void
  close(): Promise<void>
}

/**
 * What comes in is left to gather once so much of it was read and there is little left. Who reads faster than
 * the server sends is woken for every row, and wakes it in turn: 100,000 rows took 30,000 reads of 1.7 kB,
 * and half as long again.
 */
const gatherBytes = 16_384
const gatherMs = 1

/** How long the server may take to end a stream; it may be in the middle of a long transaction. */
const letGoMs = 500

/** The server ends a stream it has not heard of for `wal_sender_timeout`, by default 60 s. */
const statusEveryMs = 10_000

/** Microseconds between the epoch of Unix and that of PostgreSQL, 1 January 2000. */
const epochMicros = 946_684_800_000_000n

/** @throws {FreshetError} `table/unreachable`, `table/not-allowed`. */
export async function openReplicationConnection(
  config: ClientConfig,
  clock: Clock,
): Promise<ReplicationConnection> {
  // pg passes `replication` on to the server, and has a Connection under each Client; its types leave both out.
  const client = new Client({ ...config, replication: 'database' } as ClientConfig) as Client & {
    readonly connection: Connection & {
      readonly stream: Socket
      sendCopyFromChunk(chunk: Buffer): void
      endCopyFrom(): void
    }
  }
  let ended: FreshetError | undefined
  let onFrame: ((frame: Buffer) => void) | undefined
  let onEnd: ((error: FreshetError) => void) | undefined
  let isStreaming = false
  let running: Promise<void> = Promise.resolve()
  let safe = 0n
  let cancelStatus: (() => void) | undefined
  let closing: Promise<void> | undefined
  let isPaused = false
  let readBytes = 0
  let stopGathering: (() => void) | undefined

  const end = (error: unknown): void => {
    if (ended !== undefined) return
    ended = postgresToError(error)
    cancelStatus?.()
    stopGathering?.()
    onEnd?.(ended)
  }
  client.on('error', end)
  client.on('end', () => end(new Error('Connection terminated')))
  try {
    await client.connect()
  } catch (error) {
    throw postgresToError(error)
  }
  const { connection } = client

  const take = ({ chunk }: { readonly chunk: Buffer }): void => onFrame?.(chunk)
  const flow = (): void => {
    if (isPaused || stopGathering !== undefined) connection.stream.pause()
    else connection.stream.resume()
  }
  const gather = ({ length }: Buffer): void => {
    readBytes += length
    if (length >= gatherBytes || readBytes < gatherBytes || stopGathering !== undefined) return
    readBytes = 0
    const goOn = (): void => {
      cancel()
      stopGathering = undefined
      flow()
    }
    const cancel = clock.schedule(goOn, gatherMs)
    stopGathering = goOn
    flow()
  }
  const sendStatus = (): void => {
    if (!isStreaming || ended !== undefined) return
    const status = Buffer.alloc(34)
    status[0] = 0x72
    for (const at of [1, 9, 17]) status.writeBigUInt64BE(safe, at)
    status.writeBigInt64BE(BigInt(clock.now()) * 1_000n - epochMicros, 25)
    connection.sendCopyFromChunk(status)
  }
  const keepAlive = (): void => {
    cancelStatus = clock.schedule(() => {
      sendStatus()
      keepAlive()
    }, statusEveryMs)
  }

  const closeNow = async (): Promise<void> => {
    const wasOpen = ended === undefined
    end(new Error('Connection terminated'))
    if (wasOpen && isStreaming) {
      // The slot is free for the next connection once the server has ended the stream.
      connection.off('copyData', take)
      connection.stream.off('data', gather)
      connection.stream.resume()
      connection.endCopyFrom()
      await forAtMost(clock, letGoMs, running)
    }
    await forAtMost(clock, letGoMs, client.end())
    connection.stream.destroy()
  }

  return {
    async command(text) {
      try {
        return (await client.query<{ [column: string]: string | null }>(text)).rows
      } catch (error) {
        throw postgresToError(error)
      }
    },
    async start(command, eachFrame, atEnd) {
      onFrame = eachFrame
      onEnd = atEnd
      const started = Promise.withResolvers<void>()
      connection.once('replicationStart', () => started.resolve())
      connection.on('copyData', take)
      connection.stream.on('data', gather)
      // Ends only with the stream.
      running = client.query(command).then(
        () => end(new Error('Connection terminated: the server ended the stream')),
        (error: unknown) => {
          end(error)
          throw postgresToError(error)
        },
      )
      running.catch(() => {})
      await Promise.race([started.promise, running])
      isStreaming = true
      keepAlive()
    },
    pause(isWanted) {
      isPaused = isWanted
      flow()
    },
    acknowledge(lsn) {
      if (lsn <= safe) return
      safe = lsn
      sendStatus()
    },
    sendStatus,
    close() {
      closing ??= closeNow()
      return closing
    },
  }
}

/** Waits for work to end, well or not, or for the time to pass; leaves no timer behind. */
async function forAtMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  work.then(end, end)
  await delay(clock, ms, over.signal)
}
