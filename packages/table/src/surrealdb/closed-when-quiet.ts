import { ConnectionUnavailableError, type RpcEngine, type RpcRequest } from 'surrealdb'

/**
 * Has an embedded engine let the requests end that are running before it is
 * closed, and take no more from then on. Released under a request, the engine of
 * `@surrealdb/node` 3.0.3 ends the whole process.
 *
 * @returns The same engine, whose `send` rejects with the SDK's `ConnectionUnavailableError` once it is closed.
 */
export function closedWhenQuiet<E extends RpcEngine & { close(): Promise<void> }>(engine: E): E {
  const running = new Set<Promise<unknown>>()
  const send = engine.send.bind(engine)
  const close = engine.close.bind(engine)
  let isClosing = false
  engine.send = async <M extends string, P extends unknown[] | undefined, R>(request: RpcRequest<M, P>) => {
    if (isClosing) throw new ConnectionUnavailableError()
    const sent = send<M, P, R>(request)
    running.add(sent)
    try {
      return await sent
    } finally {
      running.delete(sent)
    }
  }
  engine.close = async () => {
    isClosing = true
    await Promise.allSettled(running)
    await close()
  }
  return engine
}
