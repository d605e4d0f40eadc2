import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A local chain that mines what it is sent. */
export type Anvil = {
  readonly url: string
  /** @throws Error with what the node says, for anything but a result. */
  readonly request: (method: string, params?: readonly unknown[]) => Promise<unknown>
  readonly close: () => Promise<void>
}

const packageName = '@foundry-rs/anvil-linux-amd64'

/**
 * The file of anvil: what `FRESHET_ANVIL` names, else that of the npm package, which is an optional dependency of the
 * repository and there only on Linux x64.
 *
 * @returns undefined when there is none: install the package, or set the variable to an anvil of your own.
 */
export function findAnvil(): string | undefined {
  const named = process.env['FRESHET_ANVIL']
  if (named !== undefined && named !== '') return named
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
    return join(dirname(manifest), 'bin/anvil')
  } catch {
    return undefined
  }
}

/** Starts anvil on a free port of the loopback interface. */
export async function startAnvil(file: string, options: readonly string[]): Promise<Anvil> {
  const child = spawn(file, ['--port', '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  // Nothing of it outlives this process.
  const stop = (): void => void child.kill('SIGKILL')
  process.once('exit', stop)
  const url = await listeningAt(child)
  let id = 0
  return {
    url,
    async request(method, params = []) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(url, { method: 'POST', headers, body })
      const answer: unknown = await response.json()
      if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result
      throw new RpcRefusal(method, answer)
    },
    close() {
      process.off('exit', stop)
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill()
      return ended
    },
  }
}

/** The node said no. `data` is what the contract reverted with, where it did. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal'
  readonly data: unknown

  constructor(method: string, answer: unknown) {
    super(`${method}: ${JSON.stringify(answer).slice(0, 400)}`)
    // Whatever it is, its fields are only looked at.
    const { error } = answer as { readonly error?: { readonly data?: unknown } }
    this.data = error?.data
  }
}

function listeningAt(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      if (text === 'heard') return
      text += chunk.toString()
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      if (port === undefined) return
      text = 'heard'
      resolve(`http://127.0.0.1:${port}`)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`anvil ended with ${code}`)))
  })
}
