import { createSeededRandom, createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import { createBoardGame } from './board-game.ts'
import { startLocalWorld } from './local-world.ts'

const moveTakesMs = 500

async function openWorld() {
  const clock = createVirtualClock()
  const world = await startLocalWorld({ clock, random: createSeededRandom(3), pieces: 20, moveTakesMs })
  /** A move with the time it takes. */
  const move = async (piece: number, x: number, y: number): Promise<string | undefined> => {
    const moved = world.move({ piece, x, y })
    await clock.advance(moveTakesMs)
    return moved
  }
  return { clock, world, move }
}

test('[SW10] a move is in the world after its time, and one against the rules is refused with why', async () => {
  const { world, move } = await openWorld()
  const free = freeCell(world.cells())
  expect(await move(1, free.x, free.y)).toBeUndefined()
  expect(world.cells().get(1)).toEqual(free)

  const before = world.cells()
  expect(await move(2, free.x, free.y)).toBe(`Piece 1 stands on ${free.x}, ${free.y}.`)
  expect(await move(1, world.info.width, 0)).toContain('not on the board')
  expect(await move(1, -1, 0)).toContain('not on the board')
  expect(await move(20, free.x, free.y)).toContain('not yours')
  expect(await move(0, free.x, free.y)).toContain('no piece')
  expect(world.cells()).toEqual(before)
  await world.close()
})

test('[SW10] the next move is refused where that was asked for, and only that', async () => {
  const { world, move } = await openWorld()
  const free = freeCell(world.cells())
  world.refuseNext()
  expect(world.state()).toMatchObject({ refusesNext: true })
  expect(await move(1, free.x, free.y)).toContain('told to refuse')
  expect(world.cells().get(1)).not.toEqual(free)
  expect(world.state()).toMatchObject({ refusesNext: false })
  expect(await move(1, free.x, free.y)).toBeUndefined()
  await world.close()
})

test('[SW10] pieces roam while they are told to, each on a cell of its own, and not those of people', async () => {
  const { clock, world } = await openWorld()
  const yours = (): readonly unknown[] =>
    [...world.cells()].filter(([piece]) => piece <= world.info.yours).map(([, cell]) => cell)
  const [before, minesBefore] = [world.cells(), yours()]
  world.setRoaming(true)
  await clock.advance(20_000)
  const after = world.cells()
  expect(after).not.toEqual(before)
  expect(yours()).toEqual(minesBefore)
  expect(new Set([...after.values()].map(({ x, y }) => `${x},${y}`)).size).toBe(20)
  world.setRoaming(false)
  await clock.advance(20_000)
  expect(world.cells()).toEqual(after)
  await world.close()
})

test('[SW10] a board takes one piece to a cell, and says when it is full', () => {
  const game = createBoardGame(2, 1, createSeededRandom(1))
  game.scatter(1)
  expect(game.roam(1)).toBeDefined()
  game.scatter(2)
  expect(game.roam(1)).toBeUndefined()
  expect(() => game.scatter(3)).toThrow('full')
})

function freeCell(cells: ReadonlyMap<number, { readonly x: number; readonly y: number }>) {
  const taken = new Set([...cells.values()].map(({ x, y }) => `${x},${y}`))
  const x = [...Array(64).keys()].find((column) => !taken.has(`${column},3`))
  if (x === undefined) throw new Error('the row is full')
  return { x, y: 3 }
}
