import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Scripts by their path. */
type Files = { readonly [path: string]: string }

/** The page and its worker, bundled, behind a port, and what else it is to load. */
export async function serveSite(more: Files = {}): Promise<{ readonly url: string; close(): Promise<void> }> {
  const files = new Map([
    ['/', { type: 'text/html', body: '<!doctype html><script type="module" src="/page.js"></script>' }],
    ['/page.js', { type: 'text/javascript', body: await bundle('./page/main.ts') }],
    [
      '/worker.js',
      {
        type: 'text/javascript',
        body: await bundle('../../packages/torii/src/worker/sync.browser.worker.ts'),
      },
    ],
    ...Object.entries(more).map(([path, body]) => [path, { type: 'text/javascript', body }] as const),
  ])
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '/')
    if (!file) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': file.type }).end(file.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server on a port has such an address.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A script with all it imports, for a browser. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['source'],
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
