import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  // Read by the stories of Studio.
  interface ProvidedContext {
    /** Answers with the folder of the built page. */
    studioBuild: string
  }
}

/** Builds the page for the first story that asks, and once for all of them: each runs in a process of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let built: Promise<string> | undefined
  const server = createServer((_request, response) => {
    built ??= buildPage()
    built.then(
      (app) => response.end(app),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo
  project.provide('studioBuild', `http://127.0.0.1:${port}`)
  return async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    const app = await built?.catch(() => undefined)
    if (app !== undefined) await rm(app, { recursive: true })
  }
}

async function buildPage(): Promise<string> {
  const { build } = await import('vite')
  const app = await mkdtemp(join(tmpdir(), 'studio-app-'))
  try {
    await build({
      configFile: join(import.meta.dirname, '../vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: app, emptyOutDir: true },
    })
    return app
  } catch (error) {
    await rm(app, { recursive: true })
    throw error
  }
}
