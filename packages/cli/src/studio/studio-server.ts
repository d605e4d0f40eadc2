import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DemoControl } from './demo-control.ts'
import type { LocalMarket } from './market/local-market.ts'
import { passOn } from './pass-on.ts'
import { fileHeaders, mayBeKept, refusalOf, securityHeaders } from './request-rules.ts'
import { readStaticFiles, type StaticFile } from './static-files.ts'
import type { DemoAction, StudioConfig } from './studio-config.ts'
import { answerMove } from './world/answer-move.ts'
import type { LocalWorld } from './world/local-world.ts'

export type StudioServerOptions = {
  /** The folder of the built app. */
  readonly app: string
  readonly config: StudioConfig
  /** The switches of the demo bar. */
  readonly demo?: DemoControl | undefined
  /** Answers for the order book, under `/book/`. */
  readonly market?: Pick<LocalMarket, 'serviceUrl'> | undefined
  /** Takes moves of the world's game, under `/world/move`. */
  readonly world?: Pick<LocalWorld, 'move'> | undefined
  /** Tried first; where it is taken, the next ones, and then any. 0: any. Default 4747. */
  readonly port?: number | undefined
}

export type StudioServer = {
  /** Such as `http://127.0.0.1:4747/`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves Studio to the browsers of this machine.
 *
 * Listens on 127.0.0.1 alone, answers only to that name and to `localhost`,
 * and only to its own page.
 *
 * @throws {FreshetError} `studio/not-built`.
 */
export async function openStudioServer(options: StudioServerOptions): Promise<StudioServer> {
  const files = withConfig(await readStaticFiles(options.app), options.config)
  const { remote, world } = options.config
  const origins = [remote.url, ...(world ? [world.toriiUrl] : [])].map((url) => new URL(url).origin)
  const headers = securityHeaders(origins)
  const http = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const hosts = [`127.0.0.1:${portOf(http)}`, `localhost:${portOf(http)}`]
    const refusal = refusalOf(request.method ?? '', request.headers, hosts)
    if (refusal !== undefined) return reply(response, 403, refusal)
    answer(request, response, files, origins, options)
  })
  await listenNear(http, options.port ?? preferredPort)
  return {
    url: `http://127.0.0.1:${portOf(http)}/`,
    async close() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/** Kept from one start to the next, because a browser's local copy belongs to one address. */
const preferredPort = 4747
const nearbyPorts = 10

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, StaticFile>,
  remoteOrigins: readonly string[],
  { demo, market, world }: StudioServerOptions,
): void {
  const { method, url = '/' } = request
  const [pathname = '/'] = url.split('?', 1)
  if (demo !== undefined && pathname.startsWith('/demo/')) {
    const name = pathname.slice('/demo/'.length)
    if (method === 'GET' && name === 'state') return streamState(response, demo)
    if (method === 'POST' && isDemoAction(name)) return perform(response, demo, name)
  }
  if (market !== undefined && method === 'GET' && pathname.startsWith('/book/')) {
    return passOn(request, response, market.serviceUrl, url.slice('/book'.length))
  }
  if (world !== undefined && method === 'POST' && pathname === '/world/move') {
    return void answerMove(request, response, world)
  }
  const file = files.get(pathname === '/' ? '/index.html' : pathname)
  if (file === undefined) return reply(response, 404, 'There is nothing here.')
  if (method !== 'GET' && method !== 'HEAD') return reply(response, 405, 'This can only be read.')
  response.writeHead(200, {
    ...fileHeaders(pathname, remoteOrigins),
    'content-type': file.contentType,
    'content-length': file.body.length,
    'cache-control': file.immutable && mayBeKept(pathname) ? 'max-age=31536000, immutable' : 'no-cache',
  })
  response.end(method === 'HEAD' ? undefined : file.body)
}

/** Tells the page the demo's state now and after each change, as server-sent events. */
function streamState(response: ServerResponse, demo: DemoControl): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = (): void => {
    response.write(`data: ${JSON.stringify(demo.state())}\n\n`)
  }
  send()
  response.on('close', demo.subscribe(send))
}

function perform(response: ServerResponse, demo: DemoControl, action: DemoAction): void {
  demo.perform(action).then(
    () => reply(response, 204, ''),
    (error: unknown) => reply(response, 500, error instanceof Error ? error.message : String(error)),
  )
}

const demoActions: { readonly [action in DemoAction]: true } = {
  'start-database': true,
  'stop-database': true,
  'write-now': true,
  'start-others': true,
  'stop-others': true,
  'start-trades': true,
  'stop-trades': true,
  reorganize: true,
  'kill-streams': true,
  reindex: true,
  'start-torii': true,
  'stop-torii': true,
  'start-roaming': true,
  'stop-roaming': true,
  'refuse-next-move': true,
}

function isDemoAction(name: string): name is DemoAction {
  return Object.hasOwn(demoActions, name)
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(text)
}

/** The files with the configuration in the page, where a script of the page can read it before anything else. */
function withConfig(
  files: ReadonlyMap<string, StaticFile>,
  config: StudioConfig,
): ReadonlyMap<string, StaticFile> {
  const page = files.get('/index.html')
  if (page === undefined) return files
  // The text may hold no tag: `<` as an escape is the same JSON.
  const json = JSON.stringify(config).replaceAll('<', '\\u003c')
  const data = `<script type="application/json" id="studio-config">${json}</script>`
  const body = Buffer.from(page.body.toString().replace('<!-- studio-config -->', () => data))
  return new Map([...files, ['/index.html', { ...page, body }]])
}

async function listenNear(http: Server, first: number): Promise<void> {
  const ports = first === 0 ? [0] : [...Array.from({ length: nearbyPorts }, (_, step) => first + step), 0]
  for (const port of ports) {
    if (await listens(http, port)) return
  }
}

/** Whether the server listens now; not so where the port is taken. */
async function listens(http: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      http.off('listening', listening)
      if (port !== 0 && (error.code === 'EADDRINUSE' || error.code === 'EACCES')) resolve(false)
      else reject(error)
    }
    const listening = (): void => {
      http.off('error', failed)
      resolve(true)
    }
    http.once('error', failed)
    http.once('listening', listening)
    http.listen(port, '127.0.0.1')
  })
}

function portOf(http: Server): number {
  // A server that listens on TCP has such an address.
  return (http.address() as AddressInfo).port
}
