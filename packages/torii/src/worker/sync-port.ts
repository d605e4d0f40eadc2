/** One end of a line between two threads; what goes over it is plain data. */
export type SyncPort<In, Out> = {
  post(message: Out): void
  listen(listener: (message: In) => void): void
  close(): void
}

/** A `Worker` of the browser, as far as it is used. */
export interface BrowserThread {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'error' | 'messageerror', listener: (event: object) => void): void
  terminate(): void
}

/** A `Worker` of `node:worker_threads`, as far as it is used. */
export interface NodeThread {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  terminate(): Promise<number>
}

/**
 * A thread that runs `sync.browser.worker` or `sync.node.worker`.
 *
 * @param onDeath - Told once, with why, when the thread has died by itself.
 */
export function threadPort<In, Out>(
  thread: BrowserThread | NodeThread,
  onDeath: (why: string) => void,
): SyncPort<In, Out> {
  let over = false
  const died = (why: string): void => {
    if (over) return
    over = true
    onDeath(why)
  }
  if ('on' in thread) {
    thread.on('error', (error) => died(error.message))
    thread.on('exit', (code) => died(`It ended with code ${code}.`))
  } else {
    thread.addEventListener('error', (event) => died(whyOf(event)))
    thread.addEventListener('messageerror', () => died('A message of it could not be read.'))
  }
  return {
    post: (message) => thread.postMessage(message),
    listen(listener) {
      // The other end is a worker of ours, which posts nothing else.
      if ('on' in thread) thread.on('message', (message) => listener(message as In))
      else thread.addEventListener('message', ({ data }) => listener(data as In))
    },
    close() {
      over = true
      void thread.terminate()
    },
  }
}

/** A worker whose file cannot be loaded says nothing of it. */
function whyOf(event: object): string {
  return 'message' in event && typeof event.message === 'string' && event.message !== ''
    ? event.message
    : 'Its file could not be loaded.'
}
