import type { IncomingHttpHeaders } from 'node:http'

/** Marks a request as made by our own page: another site's page cannot send it without being asked first. */
const ownRequestHeader = 'x-freshet'

/**
 * Why a request is refused; `undefined` when it is not.
 *
 * The host must be one of ours, so that no other name that resolves to this
 * machine reaches the data (DNS rebinding). Where a browser says which page
 * sent the request, it must be ours.
 */
export function refusalOf(
  method: string,
  headers: IncomingHttpHeaders,
  hosts: readonly string[],
): string | undefined {
  const { host, origin } = headers
  if (host === undefined || !hosts.includes(host)) return 'This host is not served here.'
  if (origin !== undefined && origin !== `http://${host}`) return 'Other origins are not served.'
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'Other sites are not served.'
  if (method === 'POST' && headers[ownRequestHeader] !== '1')
    return 'Only the page of Studio may ask for this.'
  return undefined
}

/**
 * The headers of every reply.
 *
 * @param remoteOrigins - What the page may connect to besides its own server, such as `ws://127.0.0.1:8000`.
 */
export function securityHeaders(remoteOrigins: readonly string[]): Readonly<Record<string, string>> {
  return {
    'content-security-policy': securityPolicy(remoteOrigins, "'self'"),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  }
}

/** The headers of a file: a worker's own script may compile WebAssembly, which the page may not. */
export function fileHeaders(
  path: string,
  remoteOrigins: readonly string[],
): Readonly<Record<string, string>> {
  if (!workerScript.test(path)) return {}
  return { 'content-security-policy': securityPolicy(remoteOrigins, "'self' 'wasm-unsafe-eval'") }
}

/** As the build names the scripts of workers of our own. */
const workerScript = /^\/assets\/[\w-]*worker-[\w-]+\.js$/

/**
 * Whether a browser may keep a file though it is named by its content: a worker obeys the policy that came with its
 * script, which names the ports of one run of the server.
 */
export function mayBeKept(path: string): boolean {
  return !/worker-[\w-]+\.js$/.test(path)
}

function securityPolicy(remoteOrigins: readonly string[], scripts: string): string {
  return [
    "default-src 'none'",
    `script-src ${scripts}`,
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${remoteOrigins.join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
