import { letGo, type RpcAnswer, type RpcRequest, type RpcSend } from './rpc-send.ts'

/** What sends requests like the platform's `fetch`. */
export type RpcFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Sends with the platform's own `fetch`. */
export const sendRpc: RpcSend = (request) => send(globalThis.fetch, request, letGo)

/** Sends with a given `fetch`, whose parts may be somebody else's too. */
export function sendOverFetch(fetch: RpcFetch): RpcSend {
  return (request) => send(fetch, request, () => undefined)
}

async function send(
  fetch: RpcFetch,
  { url, ...init }: RpcRequest,
  release: (part: Uint8Array<ArrayBuffer>) => void,
): Promise<RpcAnswer> {
  const response = await fetch(url, { method: 'POST', ...init })
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    async read(take) {
      const reader = response.body?.getReader()
      try {
        for (;;) {
          const { done, value } = (await reader?.read()) ?? { done: true }
          if (done) break
          take(value)
          release(value)
        }
      } catch (error) {
        // Whoever is slow to stop sending is not waited for.
        void reader?.cancel().catch(() => undefined)
        throw error
      }
    },
  }
}
