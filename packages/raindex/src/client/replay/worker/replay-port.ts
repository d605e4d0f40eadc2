import { startModuleWorker, workerFile } from '#replay-worker'
import { nodeThreads } from './worker-scope.ts'

/** A replay worker from outside. Give your own where workers are made differently. */
export interface ReplayPort {
  post(message: unknown): void
  /** Called for every message from the worker. */
  onMessage(listener: (message: unknown) => void): void
  /** Called when the worker broke, or ended though nobody asked it to. */
  onFailure(listener: (cause: unknown) => void): void
  terminate(): void
}

/** Starts a worker of this package: a thread in Node, a module worker in a browser. */
export function startReplayWorker(): ReplayPort {
  const threads = nodeThreads()
  return threads === undefined ? webWorkerPort(startModuleWorker()) : threadPort(threads)
}

/** The port of a worker that a page has started by itself; it must call `serveReplay`. */
export function webWorkerPort(worker: Worker): ReplayPort {
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) =>
      worker.addEventListener('message', (event: MessageEvent) => listener(event.data)),
    onFailure(listener) {
      worker.addEventListener('error', listener)
      worker.addEventListener('messageerror', listener)
    },
    terminate: () => worker.terminate(),
  }
}

function threadPort(threads: NonNullable<ReturnType<typeof nodeThreads>>): ReplayPort {
  const worker = new threads.Worker(workerFile)
  let isEnding = false
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onFailure(listener) {
      worker.on('error', listener)
      worker.on('exit', (code) => {
        if (!isEnding) listener(new Error(`the worker ended with ${code}`))
      })
    },
    terminate() {
      isEnding = true
      void worker.terminate()
    },
  }
}
