import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Runs a script in a process of its own, as measurements want it: production mode, packages from source,
 * garbage collection exposed.
 *
 * @returns The first message the script sends with `process.send`.
 * @throws Error when the script ends without a message; its own output says why.
 */
export function runInFreshProcess(script: URL, args: readonly string[] = []): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const child = fork(fileURLToPath(script), [...args], {
    execArgv: ['--conditions=source', '--expose-gc', '--disable-warning=ExperimentalWarning'],
    env: { ...process.env, NODE_ENV: 'production' },
    serialization: 'advanced',
  })
  child.once('message', resolve)
  child.once('error', reject)
  child.once('exit', (code, signal) => {
    reject(new Error(`The process ended with ${signal ?? `code ${code}`} before it reported.`))
  })
  return promise
}
