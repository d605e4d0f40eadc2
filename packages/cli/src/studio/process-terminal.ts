import type { DemoTerminal } from './run-studio-demo.ts'

/** The terminal this process was started in. */
export function processTerminal(): DemoTerminal {
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
  const { stdin } = process
  return {
    print: (line) => console.log(line),
    signal: ending.signal,
    onKey: stdin.isTTY
      ? (listener) => {
          const onData = (data: Buffer): void => listener(data.toString())
          stdin.setRawMode(true)
          stdin.resume()
          stdin.on('data', onData)
          return () => {
            stdin.off('data', onData)
            stdin.setRawMode(false)
            stdin.pause()
          }
        }
      : undefined,
  }
}
