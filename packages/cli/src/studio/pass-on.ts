import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'

/** Lets the service at `serviceUrl` answer a request to read `path`. Its answer may go on for as long as it likes. */
export function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  serviceUrl: string,
  path: string,
): void {
  const { hostname, port } = new URL(serviceUrl)
  const { accept = '*/*' } = request.headers
  const asked = ask({ hostname, port, path, headers: { accept } }, (answer) => {
    const { 'content-type': type = 'text/plain', 'cache-control': kept = 'no-store' } = answer.headers
    response.writeHead(answer.statusCode ?? 502, { 'content-type': type, 'cache-control': kept })
    answer.pipe(response)
    answer.on('error', () => response.destroy())
  })
  asked.on('error', () => {
    if (response.headersSent) return response.destroy()
    response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    response.end('The order book does not answer.')
  })
  response.on('close', () => asked.destroy())
  asked.end()
}
