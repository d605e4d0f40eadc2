import type { MoveAnswer, MoveRequest } from '@freshet/cli/studio'

/**
 * Asks the game for a move. Resolves when it is in the world.
 *
 * @throws {Error} why it was refused.
 */
export async function askMove(move: MoveRequest): Promise<void> {
  const reply = await fetch('/world/move', {
    method: 'POST',
    headers: { 'x-freshet': '1' },
    body: JSON.stringify(move),
  })
  if (!reply.ok) throw new Error(await reply.text())
  // Written by our own server from this type.
  const { refusal } = (await reply.json()) as MoveAnswer
  if (refusal !== null) throw new Error(refusal)
}
