import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LocalWorld } from './local-world.ts'
import { readMove } from './read-move.ts'
import type { MoveAnswer } from './world-info.ts'

/** Asks the game for the move that a request holds, and says what became of it. */
export async function answerMove(
  request: IncomingMessage,
  response: ServerResponse,
  world: Pick<LocalWorld, 'move'>,
): Promise<void> {
  try {
    const asked = await readMove(request)
    if (asked === undefined) return reply(response, 400, 'A move is {"piece", "x", "y"}, whole numbers.')
    const answer: MoveAnswer = { refusal: (await world.move(asked)) ?? null }
    reply(response, 200, JSON.stringify(answer), 'application/json')
  } catch (error) {
    reply(response, 500, error instanceof Error ? error.message : String(error))
  }
}

function reply(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
  response.end(body)
}
