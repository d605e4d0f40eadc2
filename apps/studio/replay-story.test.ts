import { readFile } from 'node:fs/promises'
import type { StudioServer } from '@freshet/cli/studio'
import type { Locator, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildStudio, buildTimeoutMs, type BuiltStudio } from './testing/built-studio.ts'
import { openServerWithoutTables } from './testing/server-without-tables.ts'
import { beginVisit, isError, type Visit } from './testing/visit.ts'

// The built page in a Chromium, with the recorded book and its worker.

let studio: BuiltStudio
let server: StudioServer
let visit: Visit

beforeAll(async () => {
  studio = await buildStudio()
  server = await openServerWithoutTables(studio.app, 'Replay')
}, buildTimeoutMs)
afterAll(async () => {
  await studio?.close()
  await server?.close()
})

beforeEach(async () => {
  visit = beginVisit(await studio.openContext(), isError)
})
afterEach(() => visit.closeQuiet())

async function openReplay(address = '/replay'): Promise<Page> {
  const page = await visit.openPage(`${server.url}#${address}`, [server.url, 'blob:'])
  await page.locator('.replay-chart canvas').first().waitFor()
  return page
}

const at = (time: string): string => `/replay?t=2026-11-18T${time}Z`
const clock = (page: Page): Locator => page.locator('.replay-time')
const part = (page: Page, name: string): Locator => page.locator(`.replay-moment [data-part="${name}"]`)

/** How many pixels of the chart have the colour of the line, left of a share of the plot's width and right of it. */
function linePixels(page: Page, share: number): Promise<readonly [left: number, right: number]> {
  return page.evaluate((boundary) => {
    const canvas = document.querySelector<HTMLCanvasElement>('.replay-chart canvas')
    const probe = document.querySelector('.replay-chart [data-ink="line"]')
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
    const [red = 0, green = 0, blue = 0] =
      (probe ? getComputedStyle(probe).color : '').match(/\d+/g)?.map(Number) ?? []
    let [left, right] = [0, 0]
    const width = canvas?.width ?? 1
    for (let i = 0; i < pixels.length; i += 4) {
      const isLine = pixels[i] === red && pixels[i + 1] === green && pixels[i + 2] === blue
      if (isLine && (i / 4) % width < width * boundary) left++
      else if (isLine) right++
    }
    return [left, right] as const
  }, share)
}

/** How far down in the canvas the line goes in the first tenth of the plot, as a share of the height. */
function lowestLinePixel(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.replay-chart canvas')
    const probe = document.querySelector('.replay-chart [data-ink="line"]')
    if (canvas === null || probe === null) return 0
    const { width, height } = canvas
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? []
    const [red = 0, green = 0, blue = 0] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ?? []
    let lowest = 0
    for (let i = 0; i < pixels.length; i += 4) {
      const isLine = pixels[i] === red && pixels[i + 1] === green && pixels[i + 2] === blue
      if (isLine && (i / 4) % width < width * 0.16) lowest = Math.floor(i / 4 / width)
    }
    return lowest / height
  })
}

/** The colours that a part of the page has on the screen. */
async function coloursIn(page: Page, clip: NonNullable<Awaited<ReturnType<Locator['boundingBox']>>>) {
  const shot = await page.screenshot({ clip })
  return page.evaluate(
    async (bytes) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]))
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
      context?.drawImage(bitmap, 0, 0)
      const { data = [] } = context?.getImageData(0, 0, bitmap.width, bitmap.height) ?? {}
      const colours = new Set<string>()
      for (let i = 0; i < data.length; i += 4) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`)
      return [...colours]
    },
    [...shot],
  )
}

test('[SR1] [SR9] three hours of seconds are quoted in a worker and drawn, with what happened', async () => {
  const page = await openReplay()
  expect(await page.locator('.replay-chart').getAttribute('data-points')).toBe('10801')
  expect(page.workers()).toHaveLength(1)
  const kinds = await page.locator('.replay-kinds li').allTextContents()
  expect(kinds.map((kind) => kind.trim())).toEqual(['Added', 'Store write', 'Deposit', 'Take', 'Removed'])
  const [left, right] = await linePixels(page, 0.5)
  expect(left).toBeGreaterThan(200)
  expect(right).toBeGreaterThan(200)

  await page.getByLabel('Order').selectOption('Rises with the blocks')
  await page.locator('.replay-legend').waitFor()
  await page.getByLabel('Order').selectOption('Fixed price')
  await page.locator('.replay-kinds', { hasText: 'Clear' }).waitFor()
  await page.getByLabel('Step').selectOption('60')
  await page.locator('.replay-chart[data-points="181"]').waitFor()
})

test('[SR3] the moment shows vaults, words, stack, and why there is no quote', async () => {
  const page = await openReplay(at('10:05:00'))
  await part(page, 'quote').filter({ hasText: '3184' }).waitFor()
  expect(await part(page, 'vaults').textContent()).toContain('output, WETH0.5')
  expect(await part(page, 'words').textContent()).toContain('read')
  expect(await part(page, 'stack').locator('dd').allTextContents()).toEqual(['3184', '0.5', '1480'])

  await page.getByRole('button', { name: 'Next event' }).click()
  expect(await clock(page).textContent()).toBe('2026-11-18 10:05:52 UTC')
  expect(await page.locator('.replay-event').textContent()).toMatch(/^(Take of|Store write)/)
  await page.getByRole('button', { name: 'Previous event' }).click()
  expect(await clock(page).textContent()).toContain('09:59:40')
  await page.getByLabel('Time', { exact: true }).fill(String(Date.UTC(2026, 10, 18, 10, 40) / 1_000))
  await part(page, 'quote').filter({ hasText: 'No quote: reverted' }).waitFor()

  // A click in the plot, half way.
  const box = await page.locator('.u-over').first().boundingBox()
  if (box === null) throw new Error('There is no plot.')
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
  expect(await clock(page).textContent()).toMatch(/10:(29|30):/)
})

test('[SR3] moving the head draws no line anew', async () => {
  const page = await openReplay()
  const strokes = await page.evaluate(async () => {
    let drawn = 0
    const { prototype } = CanvasRenderingContext2D
    prototype.stroke = new Proxy(prototype.stroke, {
      apply(target, context, path) {
        drawn++
        return Reflect.apply(target, context, path)
      },
    })
    const slider = document.querySelector<HTMLInputElement>('.replay-scrubber')
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set
    const head = document.querySelector<HTMLElement>('.replay-head')
    const places = new Set<string | undefined>()
    for (let i = 1; i <= 20; i++) {
      if (slider) set?.call(slider, String(Number(slider.min) + i * 300))
      slider?.dispatchEvent(new Event('input', { bubbles: true }))
      await new Promise(requestAnimationFrame)
      places.add(head?.style.transform)
    }
    const drawnByMoves = drawn
    document.documentElement.dataset['theme'] = 'dark'
    await new Promise((resolve) => setTimeout(resolve, 100))
    return { drawnByMoves, drawnByRepaint: drawn - drawnByMoves, places: places.size }
  })
  expect(strokes.drawnByMoves).toBe(0)
  expect(strokes.drawnByRepaint).toBeGreaterThan(0)
  expect(strokes.places).toBeGreaterThan(15)
})

test('[SR4] while it plays nothing later is shown, and it stops at the end', async () => {
  const page = await openReplay(at('10:30:00'))
  await page.getByRole('button', { name: '×60' }).click()
  await page.getByRole('button', { name: 'Play', exact: true }).click()
  const curtain = page.locator('.replay-curtain').first()
  await curtain.waitFor()
  await page.waitForFunction(() => !document.querySelector('.replay-time')?.textContent?.includes('10:30:'))
  for (const name of ['Points as CSV', 'Events as CSV', 'SVG']) {
    expect(await page.getByRole('button', { name }).isDisabled()).toBe(true)
  }
  await page.getByRole('button', { name: 'Pause' }).click()
  // The picture that is kept shows no more than the page.
  const plot = await page.locator('.u-over').first().boundingBox()
  const covered = await curtain.boundingBox()
  if (plot === null || covered === null) throw new Error('There is no plot.')
  expect(covered.x).toBeGreaterThan(plot.x)
  expect(covered.x + covered.width).toBeGreaterThanOrEqual(plot.x + plot.width)
  const later = {
    x: covered.x + 3,
    y: plot.y - 2,
    width: plot.x + plot.width + 8 - covered.x,
    height: plot.height + 4,
  }
  expect(await coloursIn(page, later)).toEqual(['255,255,255'])
  expect((await page.locator('.replay-kinds').textContent())?.includes('Removed')).toBe(false)
  // The scale knows only of what is shown: by the whole range the first minutes would be at its top.
  await page.getByLabel('Time', { exact: true }).fill(String(Date.UTC(2026, 10, 18, 9, 10) / 1_000))
  await expect.poll(() => lowestLinePixel(page)).toBeGreaterThan(0.5)
  await page.mouse.move(plot.x + plot.width - 3, plot.y + 20)
  expect(await page.locator('.replay-hover').textContent()).toContain('Drag')
  await page.getByLabel('hide what comes later').uncheck()
  await curtain.waitFor({ state: 'hidden' })
  expect(await page.getByRole('button', { name: 'Points as CSV' }).isEnabled()).toBe(true)

  await page.getByLabel('Time', { exact: true }).fill(String(Date.UTC(2026, 10, 18, 11, 59, 50) / 1_000))
  await page.getByRole('button', { name: 'Play', exact: true }).click()
  await expect.poll(() => clock(page).textContent()).toBe('2026-11-18 12:00:00 UTC')
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor()
})

test('[SR5] the address follows the head, and opens there again', async () => {
  const page = await openReplay(at('10:05:00'))
  await page.getByLabel('Order').selectOption('Bid')
  await page.locator('.replay-chart').waitFor()
  await page.getByRole('button', { name: 'Previous event' }).click()
  const time = await clock(page).textContent()
  expect(time).not.toContain('10:05:00')
  await expect.poll(() => page.url()).toContain(`t=${time?.slice(0, 19).replace(' ', 'T')}Z&order=0x`)
  const link = await page.getByRole('link', { name: 'Link to this moment' }).getAttribute('href')
  expect(page.url()).toBe(`${server.url}${link}`)
  const other = await openReplay(link?.slice(1))
  expect(await clock(other).textContent()).toBe(time)
  expect(await other.getByLabel('Order').locator('option:checked').textContent()).toBe('Bid')
  // In the same window, too; and what is not there is said.
  await other.goto(`${server.url}#/replay?order=0x12`)
  await other.getByText('There is no order 0x12 here').waitFor()
  await other.locator('.replay-chart').waitFor()
  expect(await other.getByLabel('Order').locator('option:checked').textContent()).toBe('Auction')
})

test('[SR6] points, events and pictures are kept as files', async () => {
  const page = await openReplay()
  const keep = async (name: string): Promise<Buffer> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name, exact: true }).click(),
    ])
    return readFile(await download.path())
  }
  const points = (await keep('Points as CSV')).toString().trimEnd().split('\n')
  expect(points).toHaveLength(10_802)
  expect(points).toContain('2026-11-18T10:05:00Z,2950,0,0,3184,0.5,,')
  expect((await keep('Events as CSV')).toString()).toContain(',take,')
  expect((await keep('SVG')).toString()).toContain('<title>Auction: USDC per WETH</title>')
  expect((await keep('PNG')).subarray(0, 4)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47]))
})

test('[SR7] the keyboard alone reaches and works all of it', async () => {
  const page = await openReplay(at('10:05:00'))
  await page.getByLabel('Order').focus()
  const reached: string[] = []
  for (let i = 0; i < 16; i++) {
    reached.push(
      await page.evaluate(() => {
        const focused = document.activeElement
        return (focused?.getAttribute('aria-label') ?? focused?.textContent ?? '').trim().slice(0, 30)
      }),
    )
    await page.keyboard.press('Tab')
  }
  for (const name of ['Play', '×60', 'Previous event', 'Next event', 'Time', 'Points as CSV', 'PNG', 'SVG']) {
    expect(reached).toContain(name)
  }
  await page.getByLabel('Time', { exact: true }).focus()
  await page.keyboard.press('ArrowRight')
  expect(await clock(page).textContent()).toContain('10:05:01')
  await page.getByRole('button', { name: 'Play', exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor()
})

test('[SR8] the chart is drawn for light and dark, follows a change, and fits a narrow window', async () => {
  const page = await openReplay()
  const light = await linePixels(page, 1)
  expect(light[0]).toBeGreaterThan(400)
  const toggle = page.getByRole('button', { name: /Colours/ })
  await toggle.click()
  await toggle.click()
  await page.locator('html[data-theme="dark"]').waitFor()
  // The colour of the line is another now, and pixels have it.
  await expect.poll(async () => (await linePixels(page, 1))[0]).toBeGreaterThan(400)
  const paper = await page
    .locator('.replay-chart')
    .evaluate((chart) => getComputedStyle(chart).backgroundColor)
  expect(paper).toBe('rgb(20, 23, 26)')

  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  const isInSight = (selector: string): Promise<boolean> =>
    page
      .locator(selector)
      .first()
      .evaluate((shown) => {
        const { left, right } = shown.getBoundingClientRect()
        return left >= 0 && right <= innerWidth
      })
  for (const selector of ['nav [aria-current]', '.replay-chart canvas'])
    await expect.poll(() => isInSight(selector)).toBe(true)
})
