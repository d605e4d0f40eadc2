import type * as WorkerThreads from 'node:worker_threads'

/** The inside of a worker, in Node and in a browser. */
export type WorkerScope = {
  post(message: unknown, transfer: readonly ArrayBuffer[]): void
  onMessage(listener: (message: unknown) => void): void
}

export function workerScope(): WorkerScope {
  const port = nodeThreads()?.parentPort
  if (port !== undefined && port !== null) {
    return {
      post: (message, transfer) => port.postMessage(message, [...transfer]),
      onMessage: (listener) => port.on('message', listener),
    }
  }
  return {
    post: (message, transfer) => globalThis.postMessage(message, { transfer: [...transfer] }),
    onMessage: (listener) =>
      globalThis.addEventListener('message', (event: MessageEvent) => listener(event.data)),
  }
}

/** Node's worker threads; undefined elsewhere. Asked for at run time, so that bundlers for browsers see nothing. */
export function nodeThreads(): typeof WorkerThreads | undefined {
  return globalThis.process?.getBuiltinModule?.('node:worker_threads')
}
