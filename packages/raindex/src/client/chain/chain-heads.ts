import { delay, systemClock, type Clock } from '@freshet/core'

/** The part of a WebSocket that is used; the global one of browsers and Node fits. */
export interface HeadSocket {
  send(text: string): void
  close(): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

export type ChainHeadsOptions = {
  /** How often the head is asked for, in milliseconds. Default 2,000. */
  readonly pollMs?: number | undefined
  /** Opens a WebSocket to a node that pushes new heads. Default none: only polling. */
  readonly openSocket?: (() => HeadSocket) | undefined
  /** How long to wait before opening the socket again. Default 10,000. */
  readonly reopenMs?: number | undefined
  readonly clock?: Clock | undefined
}

/** Says to one reader when it is time to look at the chain's head. A push is a hint; polling never ends [S5]. */
export interface ChainHeads {
  /** Resolves when a head was pushed or `nudge` was called since the last call, at the next poll, or with the signal. */
  next(signal: AbortSignal): Promise<void>
  /** Has the head looked at now. */
  nudge(): void
  /** Closes the socket. */
  close(): void
}

/** Polls, and listens where a socket is given. */
export function createChainHeads(options: ChainHeadsOptions = {}): ChainHeads {
  const { pollMs = 2_000, openSocket, reopenMs = 10_000, clock = systemClock } = options
  let pushed = false
  let wake = new AbortController()
  let closed = false
  let socket: HeadSocket | undefined
  let cancelReopen: (() => void) | undefined

  const push = (): void => {
    pushed = true
    wake.abort()
  }
  const open = (): void => {
    if (openSocket === undefined || closed) return
    let lost = false
    const lose = (): void => {
      if (lost || closed) return
      lost = true
      cancelReopen = clock.schedule(open, reopenMs)
    }
    try {
      const opened = openSocket()
      socket = opened
      opened.addEventListener('open', () => opened.send(subscription))
      // Whatever it says, something is going on: the head itself is asked for.
      opened.addEventListener('message', push)
      opened.addEventListener('close', lose)
      opened.addEventListener('error', lose)
    } catch {
      lose()
    }
  }
  open()

  return {
    async next(signal) {
      if (!pushed) await delay(clock, pollMs, AbortSignal.any([wake.signal, signal]))
      pushed = false
      wake = new AbortController()
    },
    nudge: push,
    close() {
      closed = true
      cancelReopen?.()
      socket?.close()
    },
  }
}

const subscription = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'eth_subscribe',
  params: ['newHeads'],
})
