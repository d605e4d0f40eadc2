import { FreshetError, type Clock, type Log } from '@freshet/core'
import { createErrorStream, type ErrorStream } from '../client/error-stream.ts'
import { SyncFatalError, type ReactiveError } from '../client/errors.ts'
import type { SyncWorkerOptions } from '../client/client-options.ts'
import { computeManifestHash } from '../schema/manifest.ts'
import { createTickStream, haltedTick, type TickStream } from './tick-stream.ts'
import type {
  FromSyncWorker,
  SyncAnswer,
  SyncInit,
  SyncReply,
  SyncRequest,
  ToSyncWorker,
} from './messages.ts'
import { fromPlainError } from './plain-errors.ts'
import { threadPort, type SyncPort } from './sync-port.ts'

/** The application's end of a worker that synchronises. */
export type SyncController = {
  readonly ticks: TickStream
  readonly errors: ErrorStream<ReactiveError> & { emit(error: ReactiveError): void }
  /** Resolves with the first consistent state; rejects when synchronising halts before. Another after a reset. */
  readonly ready: Promise<void>
  /** Starts the worker unless it runs. */
  begin(): void
  request(request: SyncRequest): Promise<SyncAnswer>
  /** Has the worker close everything, and ends it. */
  close(): Promise<void>
}

export type SyncControllerOptions = {
  readonly worker: SyncWorkerOptions
  readonly init: SyncInit
  readonly clock: Clock
  readonly log: Log
  /** Takes what is sent besides; without it, the worker sends no rows. */
  readonly rows?: RowTaker | undefined
}

export type RowTaker = {
  /** A worker was started: what comes is everything anew. */
  started(): void
  take(message: Extract<FromSyncWorker, { kind: 'ROWS' | 'SCHEMAS' }>): void
}

/** How long a worker may take to close its store before it is ended anyway. */
const closeMs = 5_000

type Running = {
  readonly port: SyncPort<FromSyncWorker, ToSyncWorker>
  readonly pending: Map<number, PromiseWithResolvers<SyncAnswer>>
  readonly closed: PromiseWithResolvers<void>
}

export function createSyncController(options: SyncControllerOptions): SyncController {
  const { worker, init, clock, log, rows } = options
  const onListenerError = (error: unknown): void =>
    log.write('error', 'freshet::torii::listener', String(error))
  const ticks = createTickStream(clock, onListenerError)
  const errors = createErrorStream<ReactiveError>(onListenerError)
  let ready = notReady()
  let running: Running | undefined
  let requests = 0
  let closing = false

  const fatal = (error: SyncFatalError): void => {
    errors.emit(error)
    ready.reject(error.reason)
  }
  const hear = (from: Running, message: FromSyncWorker): void => {
    if (from !== running) return
    switch (message.kind) {
      case 'INIT_ACK':
        return
      case 'SCHEMAS':
      case 'ROWS':
        rows?.take(message)
        if (message.kind === 'ROWS') from.port.post({ kind: 'CREDIT' })
        return
      case 'READY':
        return message.fault ? ready.reject(new FreshetError(message.fault)) : ready.resolve()
      case 'SYNC_TICK':
        return ticks.tell(message.tick)
      case 'SYNC_ERROR':
        if ('error' in message) return errors.emit(fromPlainError(message.error))
        log.write('warn', 'freshet::torii::worker', message.fault.message, { code: message.fault.code })
        return
      case 'SYNC_FATAL': {
        const error = fromPlainError(message.error)
        if (error instanceof SyncFatalError) fatal(error)
        return
      }
      case 'REPLY':
        return settle(from, message.id, message.reply)
      case 'SHUTDOWN':
        return from.closed.resolve()
    }
  }
  const died = (from: Running, why: string): void => {
    if (from !== running) return
    running = undefined
    const fault = workerDied(why)
    for (const { reject } of from.pending.values()) reject(fault)
    from.closed.resolve()
    if (closing) return
    const tick = haltedTick(ticks.get())
    ticks.tell(tick)
    fatal(new SyncFatalError(fault, tick))
  }
  const start = (): Running => {
    const thread = worker.start()
    const port = threadPort<FromSyncWorker, ToSyncWorker>(thread, (why) => died(started, why))
    const started: Running = { port, pending: new Map(), closed: Promise.withResolvers() }
    running = started
    rows?.started()
    port.listen((message) => hear(started, message))
    const manifestHash = computeManifestHash(init.manifest)
    port.post({ kind: 'INIT', init, manifestHash, rows: rows !== undefined })
    return started
  }

  return {
    ticks,
    errors,
    get ready() {
      return ready.promise
    },
    begin() {
      if (!closing && !running) start()
    },
    async request(request) {
      if (closing) throw isClosed()
      const { port, pending } = running ?? start()
      const id = (requests += 1)
      const reply = Promise.withResolvers<SyncAnswer>()
      pending.set(id, reply)
      port.post({ kind: 'REQUEST', id, request })
      const answer = await reply.promise
      // The worker says so again when the world has been read again.
      if (request.ask === 'reset') ready = notReady()
      return answer
    },
    async close() {
      closing = true
      const ending = running
      if (!ending) return
      ending.port.post({ kind: 'SHUTDOWN' })
      const cancel = clock.schedule(ending.closed.resolve, closeMs)
      await ending.closed.promise
      cancel()
      running = undefined
      for (const { reject } of ending.pending.values()) reject(isClosed())
      ending.port.close()
    },
  }
}

function notReady(): PromiseWithResolvers<void> {
  const ready = Promise.withResolvers<void>()
  // Nobody has to wait for it.
  ready.promise.catch(() => {})
  return ready
}

function settle({ pending }: Running, id: number, reply: SyncReply): void {
  const waiting = pending.get(id)
  pending.delete(id)
  if (reply.kind === 'done') waiting?.resolve(reply.value)
  else waiting?.reject(new FreshetError(reply.error))
}

function workerDied(why: string): FreshetError {
  return new FreshetError({
    code: 'torii/worker-died',
    kind: 'internal',
    message: `The worker that synchronises has died: ${why} What was shown stays readable; resume() starts it again.`,
  })
}

function isClosed(): FreshetError {
  return new FreshetError({
    code: 'torii/closed',
    kind: 'usage',
    message: 'This client was shut down; open another one.',
  })
}
