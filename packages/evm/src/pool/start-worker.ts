import { startModuleWorker, workerFile } from '#own-worker'
import type { PoolWorker } from './pool-worker-port.ts'
import { nodeThreads } from './worker-scope.ts'

/** Starts a worker of this package: a thread in Node, a module worker in a browser. */
export function startWorker(): PoolWorker {
  const threads = nodeThreads()
  return threads === undefined ? startWebWorker() : startThread(threads)
}

function startThread(threads: NonNullable<ReturnType<typeof nodeThreads>>): PoolWorker {
  const worker = new threads.Worker(workerFile)
  let expected = false
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) => worker.on('message', listener),
    onFailure: (listener) => {
      worker.on('error', listener)
      worker.on('exit', (code) => {
        if (!expected) listener(new Error(`the worker ended with ${code}`))
      })
    },
    terminate: () => {
      expected = true
      void worker.terminate()
    },
  }
}

function startWebWorker(): PoolWorker {
  const worker = startModuleWorker()
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) =>
      worker.addEventListener('message', (event: MessageEvent) => listener(event.data)),
    onFailure: (listener) => worker.addEventListener('error', listener),
    terminate: () => worker.terminate(),
  }
}
