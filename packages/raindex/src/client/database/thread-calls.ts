import { FreshetError, type FreshetErrorOptions } from '@freshet/core'
import { RaindexClientError, type RaindexClientErrorName } from '../client-error.ts'
import { giveBackMemory, isLogPage } from '../chain/log-page.ts'
import type { DatabaseCall } from './local-database.ts'

/** A call to another thread. */
export type ThreadCall = { readonly number: number; readonly call: DatabaseCall }

/** What the thread answers. Number 0 says that it is open, or why not. */
export type ThreadReply =
  | {
      readonly number: number
      readonly kind: 'answer'
      readonly answer: unknown
      /** Memory that was handed over with the call, and comes back. */
      readonly memory?: readonly ArrayBuffer[] | undefined
    }
  | { readonly number: number; readonly kind: 'error'; readonly error: SentError }

/** An error as it crosses threads, which take its class away. */
export type SentError = Pick<FreshetErrorOptions, 'message'> & {
  readonly client?:
    | { readonly name: RaindexClientErrorName; readonly details: Readonly<Record<string, string | number>> }
    | undefined
  readonly freshet?: Omit<FreshetErrorOptions, 'message' | 'cause'> | undefined
}

export type ThreadCaller = {
  /** Resolves when the database is open. */
  readonly opened: Promise<unknown>
  ask(call: DatabaseCall): Promise<unknown>
  receive(reply: ThreadReply): void
  /** The thread is gone: nothing will be answered. */
  fail(error: Error): void
}

/** @param send - Given the buffers too that are handed over instead of copied. */
export function createThreadCaller(
  send: (call: ThreadCall, handedOver: ArrayBuffer[]) => void,
): ThreadCaller {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let last = 0
  let gone: Error | undefined
  const open = Promise.withResolvers<unknown>()
  waiting.set(0, open)
  return {
    opened: open.promise,
    ask(call) {
      if (gone) return Promise.reject(gone)
      const pending = Promise.withResolvers<unknown>()
      waiting.set(++last, pending)
      send({ number: last, call }, buffersOf(call))
      return pending.promise
    },
    receive(reply) {
      const pending = waiting.get(reply.number)
      waiting.delete(reply.number)
      if (reply.kind === 'answer') {
        reply.memory?.forEach(giveBackMemory)
        pending?.resolve(reply.answer)
      } else pending?.reject(receivedError(reply.error))
    },
    fail(error) {
      gone = error
      for (const pending of waiting.values()) pending.reject(error)
      waiting.clear()
    },
  }
}

/** The bytes of packed logs: who gives them to a database does not need them any more. */
export function buffersOf(call: DatabaseCall): ArrayBuffer[] {
  if (call.kind !== 'book') return []
  return call.args.flatMap((given) => {
    const logs: unknown = typeof given === 'object' && given !== null && 'logs' in given ? given.logs : given
    return isLogPage(logs) ? [logs.bytes.buffer] : []
  })
}

/** An error in a form that crosses threads. */
export function sentError(error: unknown): SentError {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof RaindexClientError) {
    const { code, kind, retryable, errorName, details } = error
    return { message, client: { name: errorName, details }, freshet: { code, kind, retryable } }
  }
  if (!(error instanceof FreshetError)) return { message }
  const { code, kind, retryable } = error
  return { message, freshet: { code, kind, retryable } }
}

function receivedError({ message, client, freshet }: SentError): Error {
  if (client) {
    const { name, details } = client
    return new RaindexClientError(name, { message, details, retryable: freshet?.retryable })
  }
  return freshet ? new FreshetError({ ...freshet, message }) : new Error(message)
}
