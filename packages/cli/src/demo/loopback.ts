/** Whether a Host header names this machine itself, so that no other site's name resolved to it. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && loopbackNames.test(host.replace(/:\d+$/, ''))
}

/** Whether an Origin header is of a page served by this machine. */
export function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/(.+?)(?::\d+)?$/.exec(origin)
  return match?.[1] !== undefined && loopbackNames.test(match[1])
}

const loopbackNames = /^(localhost|127\.0\.0\.1|\[::1\])$/i
