import { RpcFault } from './rpc-fault.ts'

/**
 * Reads the bytes of answers, again and again into the same memory: made anew for each, megabytes of it would have the
 * whole heap looked through for what is not used any more.
 */
export type BodyReader = {
  /**
   * @param use - Given the bytes, which are its own until it returns.
   * @throws {RpcFault} `too-large`: there are more than are taken.
   */
  read<T>(response: Response, use: (bytes: Uint8Array) => T): Promise<T>
}

/** Memory that is kept for the next answer: of as many as come at once, and no larger. */
const mostKept = 4
const mostKeptBytes = 8 * 2 ** 20

/**
 * @param ownsParts - Whether the parts of an answer are nobody else's, as those of the platform's own `fetch` are: then
 * their memory is let go of at once.
 */
export function createBodyReader(mostBytes: number, ownsParts: boolean): BodyReader {
  const kept: Uint8Array[] = []
  return {
    async read(response, use) {
      const announced = Number(response.headers.get('Content-Length') ?? 0)
      if (announced > mostBytes) throw tooLarge()
      let memory = kept.pop() ?? new Uint8Array(Math.max(65_536, announced))
      let size = 0
      const reader = response.body?.getReader()
      try {
        for (;;) {
          const { done, value } = (await reader?.read()) ?? { done: true }
          if (done) break
          if (size + value.length > mostBytes) throw tooLarge()
          if (size + value.length > memory.length) memory = enlarged(memory, size, size + value.length)
          memory.set(value, size)
          size += value.length
          if (ownsParts) letGo(value)
        }
        return use(memory.subarray(0, size))
      } catch (error) {
        // Whoever is slow to stop sending is not waited for.
        void reader?.cancel().catch(() => undefined)
        throw error
      } finally {
        if (kept.length < mostKept && memory.length <= mostKeptBytes) kept.push(memory)
      }
    },
  }
}

/** Where the platform can: detached, the memory waits for no collection of garbage. */
function letGo({ buffer }: Uint8Array<ArrayBuffer>): void {
  if (typeof buffer.transfer === 'function') buffer.transfer(0)
}

function enlarged(memory: Uint8Array, size: number, least: number): Uint8Array {
  const larger = new Uint8Array(Math.max(2 * memory.length, least))
  larger.set(memory.subarray(0, size))
  return larger
}

function tooLarge(): RpcFault {
  return new RpcFault('too-large', "The node's answer is larger than is taken.")
}
