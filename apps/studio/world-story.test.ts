import { createSeededRandom } from '@freshet/core/testing'
import { openStudioDemo, type StudioDemo } from '@freshet/cli/studio'
import type { Locator, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildStudio, buildTimeoutMs, type BuiltStudio } from './testing/built-studio.ts'
import { openServerWithoutTables } from './testing/server-without-tables.ts'
import { beginVisit, isRefusedByPolicy, type Visit } from './testing/visit.ts'
import { cellOf, isStreaming, move, piece, shownCells, watchStates } from './testing/world-page.ts'

// The built page in a Chromium, its worker and IndexedDB, and a test server of Torii behind a port.

const pieces = 120

let studio: BuiltStudio
let demo: StudioDemo
let visit: Visit

beforeAll(async () => {
  studio = await buildStudio()
  const world = { random: createSeededRandom(7), pieces, latencyMs: 5, moveTakesMs: 50 }
  demo = await openStudioDemo({ app: studio.app, port: 0, world })
}, buildTimeoutMs)
afterAll(async () => {
  await studio?.close()
  await demo?.close()
})

beforeEach(async () => {
  visit = beginVisit(await studio.openContext(), isRefusedByPolicy)
})
afterEach(async () => {
  await visit.closeQuiet()
  for (const action of ['start-torii', 'stop-roaming'] as const) await demo.control.perform(action)
})

function local() {
  if (demo.world === undefined) throw new Error('There is no world.')
  return demo.world
}

function openWorld(): Promise<Page> {
  return visit.openPage(`${demo.url}#/world`, [demo.url, local().info.toriiUrl])
}

async function openLiveWorld(): Promise<Page> {
  const page = await openWorld()
  await isStreaming(page)
  await expectTruth(page)
  return page
}

const truth = (): readonly string[] =>
  [...local().cells().values()].map(({ x, y }) => `${x}, ${y}`).toSorted()

/** The board shows each piece where it stands, and no other. */
async function expectTruth(page: Page): Promise<void> {
  const { width, height } = local().info
  await expect.poll(() => shownCells(page, width, height)).toEqual(truth())
}

/** Lets pieces roam for a while, until many of them stand elsewhere. */
async function roam(): Promise<void> {
  const before = new Set(truth())
  await demo.control.perform('start-roaming')
  await expect.poll(() => truth().filter((cell) => !before.has(cell)).length).toBeGreaterThan(20)
  await demo.control.perform('stop-roaming')
}

/** Holds a move back on its way to the game, until it is let go and answered. */
async function holdMove(page: Page): Promise<() => Promise<void>> {
  const gate = Promise.withResolvers<void>()
  const answered = page.waitForResponse('**/world/move', { timeout: 0 })
  // Nobody waits for it where the test has failed before.
  answered.catch(() => undefined)
  await page.route('**/world/move', async (route) => {
    await gate.promise
    await route.continue()
  })
  return async () => {
    gate.resolve()
    await answered
  }
}

const noticeOf = (page: Page): Locator =>
  page.getByRole('list', { name: 'About the world' }).getByRole('listitem')

/** Catches the worker as it is spoken to. Returns how to let it die. */
async function nextWorker(page: Page): Promise<() => Promise<void>> {
  await page.evaluate(() => {
    const { prototype } = Worker
    prototype.postMessage = new Proxy(prototype.postMessage, {
      apply(target, worker: Worker, given) {
        Object.assign(globalThis, { caughtWorker: worker })
        return Reflect.apply(target, worker, given)
      },
    })
  })
  return () =>
    page.evaluate(() => {
      // Put there above.
      const { caughtWorker } = globalThis as unknown as { readonly caughtWorker: Worker }
      caughtWorker.terminate()
      caughtWorker.dispatchEvent(new ErrorEvent('error', { message: 'It fell over.' }))
    })
}

/** A key that leads a piece to a cell on which nothing stands. */
function freeStep(number: number): { readonly key: string; readonly to: string } {
  const { x, y } = local().cells().get(number) ?? { x: 0, y: 0 }
  const { width, height } = local().info
  const taken = new Set(truth())
  const steps = {
    ArrowLeft: [x - 1, y],
    ArrowRight: [x + 1, y],
    ArrowUp: [x, y - 1],
    ArrowDown: [x, y + 1],
  } as const
  for (const [key, [column, row]] of Object.entries(steps)) {
    const isInside = column >= 0 && row >= 0 && column < width && row < height
    if (isInside && !taken.has(`${column}, ${row}`)) return { key, to: `${column}, ${row}` }
  }
  throw new Error(`Piece ${number} is shut in.`)
}

/** A cell with room around it. */
function openCell(): { readonly x: number; readonly y: number } {
  const { width, height } = local().info
  const cells = [...local().cells().values()]
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++)
      if (cells.every((cell) => Math.abs(cell.x - x) > 1 || Math.abs(cell.y - y) > 1)) return { x, y }
  throw new Error('The board is full.')
}

test('[SD1] [SD2] a world is read with how far each model is, and shows each piece as it moves', async () => {
  await demo.control.perform('stop-torii')
  const page = await openWorld()
  const model = page.locator('.world-sync li[data-model="ns-Position"]')
  await model.and(page.locator('[data-status="retrying"]')).waitFor()
  expect(await model.locator('progress').getAttribute('value')).toBe('0')
  expect(await page.locator('.strip [data-part="age"]').textContent()).toBe('nothing read yet')
  await page.locator('.strip [data-part="next"]').waitFor()
  await page.locator('.world-sync [data-part="lag"]', { hasText: 'lag unknown' }).waitFor()
  await demo.control.perform('start-torii')
  for (const tag of ['ns-Position', 'ns-Moves']) {
    const read = page.locator(`.world-sync li[data-model="${tag}"][data-status="streaming"]`)
    await read.locator('[data-part="rows"]', { hasText: String(pieces) }).waitFor()
    expect(await read.locator('progress').getAttribute('value')).toBe(String(pieces))
    expect(await read.textContent()).toMatch(/\d+\/s/)
  }
  await page.locator('.world-sync [data-part="lag"]', { hasText: 'lag 0 s' }).waitFor()
  await expectTruth(page)
  await roam()
  await expectTruth(page)
})

test('[SD3] a stream that is killed is told, and made again by itself, with nothing lost', async () => {
  const page = await openLiveWorld()
  const states = await watchStates(page)
  await page.getByRole('button', { name: 'Kill the stream' }).click()
  await expect.poll(states).toContain('retrying')
  await roam()
  await isStreaming(page)
  await expectTruth(page)
  await expect.poll(async () => (await states()).at(-1)).toBe('live')
})

test('[SD3] [SD5] without its Torii the board stays, also over a reload, says since when, and catches up', async () => {
  const page = await openLiveWorld()
  const before = truth()
  await page.getByRole('button', { name: 'Stop Torii' }).click()
  await page.locator('.world-stale').waitFor()
  expect(await page.locator('.world-stale').textContent()).toMatch(/^stale since \d\d:\d\d:\d\d/)
  await roam()
  await page.reload()
  await page.locator('.world-board canvas[data-pieces="114"]').waitFor()
  const { width, height } = local().info
  await expect.poll(() => shownCells(page, width, height)).toEqual(before)
  expect(await page.locator('.strip [data-part="source"]').textContent()).toBe('from cache')
  await expect.poll(() => page.locator('.strip [data-part="age"]').textContent()).toMatch(/^stale since/)

  await page.getByRole('button', { name: 'Start Torii' }).click()
  await isStreaming(page)
  await expectTruth(page)
})

test('[SD4] a move shows at once, is pending with its age, and confirmed by the world', async () => {
  const page = await openLiveWorld()
  const letGo = await holdMove(page)
  const { key, to } = freeStep(1)
  await piece(page, 1).focus()
  await page.keyboard.press(key)
  await expect.poll(() => cellOf(page, 1)).toBe(to)
  await piece(page, 1).and(page.locator('[data-state="pending"]')).waitFor()
  await move(page, 'pending')
    .getByText(/^pending for \d+ s$/)
    .waitFor()
  expect(await page.locator('.strip [data-part="overlays"]').textContent()).toBe('1 pending move')
  await page.locator('.world-from').waitFor()
  expect(truth()).not.toContain(to)
  await letGo()
  await move(page, 'confirmed')
    .getByText(/^confirmed after/)
    .waitFor()
  await page.locator('[data-part="announcement"]', { hasText: `Piece 1 to ${to}: confirmed` }).waitFor()
  expect(await cellOf(page, 1)).toBe(to)
  await expectTruth(page)
})

test('[SD4] a move that is refused falls back by itself and says why; a pending one can be taken back', async () => {
  const page = await openLiveWorld()
  const before = await cellOf(page, 2)
  await page.getByRole('button', { name: 'Refuse the next move' }).click()
  await page.getByRole('button', { name: 'Refuse the next move', pressed: true }).waitFor()
  await piece(page, 2).focus()
  await page.keyboard.press(freeStep(2).key)
  await move(page, 'rolled-back').getByText('The game was told to refuse this move.').waitFor()
  await expect.poll(() => cellOf(page, 2)).toBe(before)

  const letGo = await holdMove(page)
  await piece(page, 2).focus()
  await page.keyboard.press(freeStep(2).key)
  await piece(page, 2).and(page.locator('[data-state="pending"]')).waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => cellOf(page, 2)).toBe(before)
  expect(await move(page, 'pending').count()).toBe(0)
  // It was asked for all the same: the world has the last word.
  await letGo()
  await expectTruth(page)
  expect(await cellOf(page, 2)).not.toBe(before)
})

test('[SD6] the keyboard alone reaches and moves the pieces, and so do buttons and the pointer', async () => {
  const page = await openLiveWorld()
  await page.getByRole('button', { name: 'Refuse the next move' }).focus()
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
  for (let number = 1; number <= 6; number++) {
    await page.keyboard.press('Tab')
    expect(await focused()).toMatch(new RegExp(`^Piece ${number} at \\d+, \\d+`))
  }
  await page.getByLabel('Piece', { exact: true }).fill('5')
  const { key, to } = freeStep(5)
  await page.getByRole('button', { name: `Move ${key.slice('Arrow'.length).toLowerCase()}` }).press('Enter')
  await expect.poll(() => cellOf(page, 5)).toBe(to)
  await move(page, 'confirmed').waitFor()
  await expect.poll(() => page.locator('[data-part="remaining"]').textContent()).toMatch(/^\d+$/)
  await piece(page, 4).click()
  const there = openCell()
  const box = await page.locator('.world-board').boundingBox()
  if (box === null) throw new Error('There is no board.')
  const [across, down] = [box.width / local().info.width, box.height / local().info.height]
  await page.mouse.click(box.x + (there.x + 0.5) * across, box.y + (there.y + 0.5) * down)
  await expect.poll(() => cellOf(page, 4)).toBe(`${there.x}, ${there.y}`)

  await page.getByLabel('Piece', { exact: true }).fill('100')
  await page.getByText('it roams by itself').waitFor()
  await page.locator('.world-ring').waitFor()
})

test('[SD7] a second window follows the first, and takes over when that is closed', async () => {
  const first = await openLiveWorld()
  const second = await openLiveWorld()
  const { key, to } = freeStep(6)
  await piece(first, 6).focus()
  await first.keyboard.press(key)
  await expect.poll(() => cellOf(second, 6)).toBe(to)
  expect(await second.locator('.world-moves li').count()).toBe(0)
  await first.close()
  await roam()
  await expectTruth(second)
  await isStreaming(second)
})

test('[SD8] it follows light and dark, and a narrow window', async () => {
  const page = await openLiveWorld()
  const colours = () =>
    page.locator('.world-board canvas').evaluate((canvas) => {
      const context = canvas instanceof HTMLCanvasElement ? canvas.getContext('2d') : null
      const { data = [] } = context?.getImageData(0, 0, context.canvas.width, context.canvas.height) ?? {}
      const found = new Set<string>()
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] === 255) found.add(`${data[at]} ${data[at + 1]} ${data[at + 2]}`)
      return [...found]
    })
  const light = await colours()
  expect(light.length).toBeGreaterThan(0)
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect.poll(async () => (await colours()).some((colour) => light.includes(colour))).toBe(false)
  await page.setViewportSize({ width: 420, height: 800 })
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow).toBeLessThanOrEqual(0)
  await expectTruth(page)
  await piece(page, 1).click()
  await page.getByRole('group', { name: 'Move piece 1' }).waitFor()
})

test('[SD9] without a world the page says so, and how to get one', async () => {
  const server = await openServerWithoutTables(studio.app, 'World')
  const page = await visit.openPage(`${server.url}#/world`, [server.url])
  await page.getByText('There is no world here.').waitFor()
  expect(await page.locator('main').textContent()).toContain('npm start')
  await page.close()
  await server.close()
})

test('[SD10] an indexer that began anew is told, until that is dismissed', async () => {
  const page = await openLiveWorld()
  const notice = noticeOf(page)
  await page.getByRole('button', { name: 'Re-index' }).click()
  await notice.filter({ hasText: 'The indexer began anew' }).waitFor()
  await isStreaming(page)
  await expectTruth(page)
  await page.getByRole('button', { name: 'Dismiss: The indexer began anew' }).click()
  await notice.waitFor({ state: 'detached' })
})

test('[SD10] a worker that died is told; the board stays, and goes on with another', async () => {
  const page = await openLiveWorld()
  const notice = noticeOf(page)
  const die = await nextWorker(page)
  await roam()
  await expectTruth(page)
  await die()
  await notice.filter({ hasText: 'Synchronising has stopped' }).waitFor()
  await page.locator('.strip[data-tone="failed"]').waitFor()
  const before = truth()
  await roam()
  const { width, height } = local().info
  expect(await shownCells(page, width, height)).toEqual(before)
  await notice.getByRole('button', { name: 'Go on' }).click()
  await isStreaming(page)
  await expectTruth(page)
})
