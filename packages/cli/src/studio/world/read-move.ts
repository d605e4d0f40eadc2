import type { IncomingMessage } from 'node:http'
import type { MoveRequest } from './world-info.ts'

/** The move that a request asks for; undefined where it asks for none. */
export async function readMove(request: IncomingMessage): Promise<MoveRequest | undefined> {
  const text = await readText(request)
  if (text === undefined) return undefined
  try {
    const asked: unknown = JSON.parse(text)
    return isMove(asked) ? { piece: asked.piece, x: asked.x, y: asked.y } : undefined
  } catch {
    return undefined
  }
}

const maxBytes = 1_000

/** What was sent; undefined where it is too much. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) return undefined
    bytes += chunk.length
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function isMove(asked: unknown): asked is MoveRequest {
  if (typeof asked !== 'object' || asked === null) return false
  const { piece, x, y } = Object.fromEntries(Object.entries(asked))
  return [piece, x, y].every((value) => Number.isSafeInteger(value))
}
