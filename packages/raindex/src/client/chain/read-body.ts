import { RpcFault } from './rpc-fault.ts'
import type { RpcAnswer } from './rpc-send.ts'

/**
 * Reads the bytes of answers, again and again into the same memory: made anew for each, megabytes of it would have the
 * whole heap looked through for what is not used any more.
 */
export type BodyReader = {
  /**
   * @param use - Given the bytes, which are its own until it returns.
   * @throws {RpcFault} `too-large`: there are more than are taken.
   */
  read<T>(answer: RpcAnswer, use: (bytes: Uint8Array) => T): Promise<T>
}

/** Memory that is kept for the next answer: of as many as come at once, and no larger. */
const mostKept = 4
const mostKeptBytes = 8 * 2 ** 20

export function createBodyReader(mostBytes: number): BodyReader {
  const kept: Uint8Array[] = []
  return {
    async read(answer, use) {
      const announced = Number(answer.header('Content-Length') ?? 0)
      let memory = kept.pop() ?? new Uint8Array(Math.max(65_536, Math.min(announced, mostBytes)))
      let size = 0
      try {
        await answer.read((part) => {
          if (announced > mostBytes || size + part.length > mostBytes) throw tooLarge()
          if (size + part.length > memory.length) memory = enlarged(memory, size, size + part.length)
          memory.set(part, size)
          size += part.length
        })
        return use(memory.subarray(0, size))
      } finally {
        if (kept.length < mostKept && memory.length <= mostKeptBytes) kept.push(memory)
      }
    },
  }
}

function enlarged(memory: Uint8Array, size: number, least: number): Uint8Array {
  const larger = new Uint8Array(Math.max(2 * memory.length, least))
  larger.set(memory.subarray(0, size))
  return larger
}

function tooLarge(): RpcFault {
  return new RpcFault('too-large', "The node's answer is larger than is taken.")
}
