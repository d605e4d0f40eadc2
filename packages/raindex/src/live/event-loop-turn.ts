/** Lets messages, timers and input be handled before going on. Faster than a timer, which browsers hold back. */
export function eventLoopTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    // An open port would keep Node alive.
    port1.close()
    resolve()
  }
  port2.postMessage(null)
  return promise
}
