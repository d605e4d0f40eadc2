import type { PoolWorker } from './pool-worker-port.ts'
import { nodeThreads } from './worker-scope.ts'

/** Starts a worker of this package: a thread in Node, a module worker in a browser. */
export function startWorker(): PoolWorker {
  const threads = nodeThreads()
  return threads === undefined ? startWebWorker() : startThread(threads)
}

/** From source there is a .ts file, in the published package a .js file; bundlers look for the literal. */
const fromSource = new URL(import.meta.url).pathname.endsWith('.ts')

function startThread(threads: NonNullable<ReturnType<typeof nodeThreads>>): PoolWorker {
  const file = new URL(fromSource ? './pool-worker.ts' : './pool-worker.js', import.meta.url)
  const worker = new threads.Worker(file)
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
  const worker = fromSource
    ? new Worker(new URL('./pool-worker.ts', import.meta.url), { type: 'module' })
    : new Worker(new URL('./pool-worker.js', import.meta.url), { type: 'module' })
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onMessage: (listener) =>
      worker.addEventListener('message', (event: MessageEvent) => listener(event.data)),
    onFailure: (listener) => worker.addEventListener('error', listener),
    terminate: () => worker.terminate(),
  }
}
