import { nodeThreads } from './worker-scope.ts'

/** A worker from outside. Give your own where workers are made differently. */
export interface WorkerPort {
  post(message: unknown): void
  /** Called for every message from the worker. */
  onMessage(listener: (message: unknown) => void): void
  /** Called when the worker broke, or ended though nobody asked it to. */
  onFailure(listener: (cause: unknown) => void): void
  terminate(): void
}

/** Where the code of a worker is: as a file for Node, and as what starts it in a browser. */
export type WorkerCode = { readonly file: URL; readonly startModule: () => Worker }

/** Starts a worker of this package: a thread in Node, a module worker in a browser. */
export function startWorker({ file, startModule }: WorkerCode): WorkerPort {
  const threads = nodeThreads()
  return threads === undefined ? webWorkerPort(startModule()) : threadPort(threads, file)
}

/** The port of a worker that a page has started by itself. */
export function webWorkerPort(worker: Worker): WorkerPort {
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

function threadPort(threads: NonNullable<ReturnType<typeof nodeThreads>>, file: URL): WorkerPort {
  const worker = new threads.Worker(file)
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
