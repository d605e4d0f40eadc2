import { readFile } from 'node:fs/promises'
import { createSeededRandom } from '@freshet/core/testing'
import { findLocalAnvil, openStudioDemo, type StudioDemo } from '@freshet/cli/studio'
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { numberIn, openWhatIf, pairOf, partOf, partsOf, patience, whyDrawer } from './testing/book-page.ts'
import { buildStudio, buildTimeoutMs, type BuiltStudio } from './testing/built-studio.ts'
import { openLongBook } from './testing/long-book.ts'
import { openServerWithoutTables } from './testing/server-without-tables.ts'
import { beginVisit, isError, type Visit } from './testing/visit.ts'
import { drawWholeList, processorTime, scrollThrough, watchPage } from './testing/watch-page.ts'

// The built page in a Chromium, beside a real local chain on which traders trade.

// The chain goes on at its own pace, however little of it a loaded machine gets done meanwhile.
vi.setConfig({ testTimeout: 90_000 })

const anvil = findLocalAnvil()
const skipped =
  anvil === undefined ? ' (skipped: no anvil; it comes with npm on Linux x64, or set FRESHET_ANVIL)' : ''

let studio: BuiltStudio
let demo: StudioDemo | undefined
let visit: Visit

beforeAll(async () => {
  studio = await buildStudio()
  if (anvil === undefined) return
  demo = await openStudioDemo({ app: studio.app, port: 0, market: { anvil, random: createSeededRandom(7) } })
}, buildTimeoutMs)
afterAll(async () => {
  await studio?.close()
  await demo?.close()
})

beforeEach(async () => {
  visit = beginVisit(await studio.openContext(), isError)
})
afterEach(() => visit.closeQuiet())

async function openBook(): Promise<Page> {
  const url = demo?.url ?? ''
  const page = await visit.openPage(`${url}#/book`, [url])
  page.setDefaultTimeout(patience.timeout)
  await partOf(pairOf(page, 'Stable'), 'virtual').waitFor()
  return page
}

const verdicts = (page: Page): Promise<readonly string[]> => page.locator('.book-verdict').allTextContents()
const matches = async (page: Page): Promise<number> =>
  (await verdicts(page)).filter((text) => text === 'match').length

test.skipIf(anvil === undefined)(
  `[SB1] [SB2] each pair is quoted here at once, and beside it the chain says the same${skipped}`,
  async () => {
    const page = await openBook()
    expect(await page.locator('.book-pairs tbody tr').count()).toBe(9)
    await expect.poll(() => matches(page), patience).toBe(8)
    const stable = pairOf(page, 'Stable')
    for (const part of ['virtual', 'rpc']) expect(await partOf(stable, part).textContent()).toBe('1.0002')
    expect(await partOf(stable, 'delta').textContent()).toBe('0')
    expect(await partOf(pairOf(page, 'Reverts'), 'virtual').textContent()).toBe('reverted with 0x0000…dead')
    expect(await partOf(pairOf(page, 'Asks outside for its price'), 'verdict').textContent()).toContain(
      'not comparable: the program looks at 0x0e0e',
    )
  },
)

test.skipIf(anvil === undefined)(
  `[SB1] [SB3] a trade changes vaults and quotes, and the strip ticks${skipped}`,
  async () => {
    const page = await openBook()
    const balances = (): Promise<readonly string[]> => partsOf(page, 'balance')
    const before = await balances()
    const trades = await numberIn(partOf(page, 'trades'))
    await expect.poll(() => numberIn(partOf(page, 'trades')), patience).toBeGreaterThan(trades)
    await expect.poll(balances, patience).not.toEqual(before)
    await page.locator('.book-vaults [data-changed]').first().waitFor()

    const block = await numberIn(partOf(page, 'block'))
    await expect.poll(() => numberIn(partOf(page, 'block')), patience).toBeGreaterThan(block)
    await page.locator('.strip .state', { hasText: 'ready' }).waitFor()
    // With nobody trading a block comes every four seconds, and the age counts between them.
    await page.getByRole('button', { name: 'Traders trade' }).click()
    const ages = new Set<string | null>()
    await expect
      .poll(async () => ages.add(await partOf(page, 'age').textContent()).size, patience)
      .toBeGreaterThan(2)
    await page.getByRole('button', { name: 'Traders trade' }).click()
  },
)

test.skipIf(anvil === undefined)(
  `[SB4] a reorganisation is told, and quotes and vaults follow it${skipped}`,
  async () => {
    const page = await openBook()
    await page.getByRole('button', { name: 'Reorg', exact: true }).click()
    const notice = page.locator('.notices li')
    await notice.filter({ hasText: 'were undone' }).waitFor()
    const ancestor = Number(await notice.getAttribute('data-ancestor'))
    await expect.poll(() => numberIn(partOf(page, 'block')), patience).toBeGreaterThan(ancestor)
    await page.locator('.strip .state', { hasText: 'ready' }).waitFor()
    await expect
      .poll(async () => (await partsOf(page, 'compared')).map(blockOf), patience)
      .toSatisfy(
        (blocks: readonly number[]) => blocks.length === 9 && blocks.every((block) => block > ancestor),
      )
    await expect.poll(() => matches(page), patience).toBe(8)
    await page.getByRole('button', { name: 'Dismiss the notice' }).click()
    await notice.waitFor({ state: 'detached' })
  },
)

test.skipIf(anvil === undefined)(
  `[SB5] another counterparty is quoted as that one; what is no address is said${skipped}`,
  async () => {
    const page = await openBook()
    const named = pairOf(page, 'Dearer for those it can name')
    await partOf(named, 'rpc').filter({ hasText: '3,010' }).waitFor()
    const field = page.getByLabel('Counterparty')
    await field.fill('0x12')
    await page.getByText('An address is 0x and 40 digits.').waitFor()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await page.route(/\/quotes\/0x/, (route) => released.then(() => route.continue()))
    await field.fill(`0x${'ab'.repeat(20)}`)
    await partOf(named, 'virtual').filter({ hasText: '3,050' }).waitFor()
    expect(await partOf(named, 'rpc').textContent()).toBe('…')
    release()
    await partOf(named, 'rpc').filter({ hasText: '3,050' }).waitFor()
    await partOf(named, 'verdict').filter({ hasText: 'match' }).waitFor()
  },
)

test.skipIf(anvil === undefined)(
  `[SB6] [SB7] the keyboard alone reaches what says why, and comes back${skipped}`,
  async () => {
    const page = await openBook()
    await page.locator('.book-verdict[data-kind="not-comparable"]').waitFor()
    await page.getByRole('button', { name: 'Reorg', exact: true }).focus()
    const name = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
    await page.keyboard.press('Tab')
    // A notice may stand between.
    if ((await name()).startsWith('Dismiss')) await page.keyboard.press('Tab')
    expect(await name()).toBe('Quotes')
    const active = page.locator('.book-pairs tr[data-active] [data-part="order"]')
    expect(await active.textContent()).toBe('Constant')
    for (const key of ['End', 'Home', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
    await active.filter({ hasText: 'Falls with time' }).waitFor()
    await page.keyboard.press('Enter')
    const why = whyDrawer(page)
    await partOf(why, 'why-clock').filter({ hasText: 'the time' }).waitFor()
    await partOf(why, 'why-block').filter({ hasText: /\d/ }).waitFor()
    expect(await partOf(why, 'why-missing').textContent()).toBe('nothing')
    expect(await partOf(why, 'why-event').textContent()).toMatch(/^block [\d,]+, log \d+$/)
    await page.keyboard.press('Escape')
    await why.waitFor({ state: 'detached' })
    expect(await name()).toBe('Quotes')
    expect(await active.textContent()).toBe('Falls with time')
  },
)

test.skipIf(anvil === undefined)(
  `[SB10] what would be quoted later, to another, or with other balances needs no network${skipped}`,
  async () => {
    const page = await openBook()
    const replicas: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/replica?')) replicas.push(request.url())
    })
    const answer = await openWhatIf(page, 'Falls with time')
    const now = Number.parseFloat(((await answer.textContent()) ?? '').replace(',', ''))
    const workers = page.workers().length
    await page.getByLabel('Seconds later').fill('100')
    const later = (now - 50).toLocaleString('en')
    await answer.filter({ hasText: `${later}, most 0.8` }).waitFor()
    await page.getByLabel('Gives WETH, #2: balance').fill('0.25')
    await answer.filter({ hasText: `${later}, most 0.25` }).waitFor()
    await page.getByLabel('Gives WETH, #2: share of its balance').fill('0')
    await expect.poll(() => answer.textContent(), patience).toBe(`${later}, most 0`)
    await page.getByRole('button', { name: 'As it is' }).click()
    await answer.filter({ hasText: 'most 0.8' }).waitFor()
    // The worker that was there is asked about all of it.
    expect([replicas.length, page.workers().length]).toEqual([1, workers])

    const another = await openWhatIf(page, 'Dearer for those it can name')
    expect(await another.textContent()).toBe('3,010, most 1.5')
    await whyDrawer(page)
      .getByLabel('Counterparty')
      .fill(`0x${'ab'.repeat(20)}`)
    await another.filter({ hasText: '3,050, most 1.5' }).waitFor()
    expect(await page.locator('.book-outcome .hint').textContent()).toBe('as it is: 3,010, most 1.5')
  },
)

test.skipIf(anvil === undefined)(
  `[SB12] of several books one is chosen, by the link too; orders and what is sought are listed${skipped}`,
  async () => {
    const page = await openBook()
    await page.getByRole('tab', { name: /^Orders/ }).click()
    await page.getByRole('grid', { name: 'Orders' }).getByText('Bid').waitFor()
    await page.getByLabel('Find').fill('BID')
    await expect.poll(() => partsOf(page, 'pair'), patience).toEqual(['USDC for WETH'])
    await page.getByLabel('Find').fill('')
    await page.getByRole('button', { name: 'Virtual ratio' }).click()
    await expect.poll(async () => (await partsOf(page, 'virtual'))[0], patience).toBe('0.00033')

    await page.getByLabel('Book').selectOption({ label: 'Small book' })
    await pairOf(page, 'Cheaper while it has much').waitFor()
    await expect.poll(() => matches(page), patience).toBe(2)
    await page.reload()
    const answer = await openWhatIf(page, 'Cheaper while it has much')
    await page.getByLabel('Gives WETH, #1: balance').fill('10')
    await answer.filter({ hasText: '3,080, most 1' }).waitFor()
  },
)

test.skipIf(anvil === undefined)(
  `[SR10] an order of a live book is replayed from what is kept of it; its link holds book, order and time${skipped}`,
  async () => {
    const page = await openBook()
    await pairOf(page, 'Falls with time').click()
    await whyDrawer(page).getByRole('link', { name: 'Replay of this order' }).click()
    const points = page.locator('.replay-chart')
    await points.waitFor()
    expect(await page.getByLabel('Order').locator('option:checked').textContent()).toBe('Falls with time')
    // Its first event is that it was added, or that its vault was filled before.
    const previous = page.getByRole('button', { name: 'Previous event' })
    while (await previous.isEnabled()) await previous.click()
    const event = page.locator('.replay-event')
    expect(await event.textContent()).toMatch(/^(Added|Deposit)/)
    await page.locator('.replay-moment [data-part="vaults"]', { hasText: '20' }).waitFor()
    const time = (await page.locator('.replay-time').textContent()) ?? ''
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Events as CSV' }).click(),
    ])
    expect(await readFile(await download.path(), 'utf8')).toContain(',add,')

    const link = await page.getByRole('link', { name: 'Link to this moment' }).getAttribute('href')
    const url = demo?.url ?? ''
    const again = await visit.openPage(`${url}${link}`, [url])
    again.setDefaultTimeout(patience.timeout)
    await again.locator('.replay-time', { hasText: time }).waitFor()
    expect(await again.getByLabel('Book').locator('option:checked').textContent()).toBe('Main book, live')
    const blockOf = async () => /block ([\d,]+)/.exec((await again.locator('main').textContent()) ?? '')?.[1]
    const before = await blockOf()
    await expect
      .poll(async () => {
        await again.getByRole('button', { name: 'Read up to now' }).click()
        await again.locator('.replay-time', { hasText: time }).waitFor()
        return blockOf()
      }, patience)
      .not.toBe(before)
    await again.getByLabel('Book').selectOption({ label: 'Recorded market' })
    await again
      .getByLabel('Order')
      .locator('option', { hasText: 'Fixed price' })
      .waitFor({ state: 'attached' })
  },
)

test.skipIf(anvil === undefined)(
  `[SB8] it follows light and dark, and a narrow window${skipped}`,
  async () => {
    const page = await openBook()
    const paper = () =>
      page
        .locator('.book-pairs [data-part="pair"]')
        .first()
        .evaluate((cell) => getComputedStyle(cell).backgroundColor)
    await page.mouse.move(0, 0)
    expect(await paper()).toBe('rgb(255, 255, 255)')
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await paper()).toBe('rgb(20, 23, 26)')
    await page.setViewportSize({ width: 390, height: 844 })
    const isWithin = (selector: string): Promise<boolean> =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => element.getBoundingClientRect().right <= innerWidth)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    )
    // The verdict is what one looks for.
    expect(await isWithin('.book-verdict')).toBe(true)
    await pairOf(page, 'Constant').click()
    await whyDrawer(page).waitFor()
    expect(await isWithin('.book-why')).toBe(true)
  },
)

test(
  '[SB11] ten thousand orders, all changed by a block: few rows in the document, and no frame or task is long',
  { timeout: 300_000 },
  async ({ annotate }) => {
    const book = await openLongBook(studio.app, 10_000)
    const page = await visit.openPage(`${book.url}#/book`, [book.url])
    page.setDefaultTimeout(200_000)
    await page.getByRole('heading', { name: 'Quotes 10,000 pairs' }).waitFor()
    await page.getByRole('tab', { name: 'Vaults 20,000' }).waitFor()
    const rows = '.book-pairs tbody tr[role="row"]'
    const scroller = '.book-list-pairs .book-scroll'
    const scrolled = await watchPage(page, rows, () => scrollThrough(page, scroller, 40))
    const told = await watchPage(page, rows, async () => {
      await book.addBlock(10_000)
      await page.locator('.book-vaults [data-part="balance"]').filter({ hasText: '5.001' }).first().waitFor()
    })
    const wholeMs = await processorTime(page, () => drawWholeList(page, 2_000))
    await annotate(`scrolling through all of it: ${JSON.stringify(scrolled)}`)
    await annotate(`a block that touches them all: ${JSON.stringify(told)}`)
    await annotate(`drawing a fifth of it at once: ${wholeMs} ms of the processor`)
    for (const { mostRows, frames, processorMs, longestTaskMs } of [scrolled, told]) {
      expect(mostRows).toBeGreaterThan(10)
      expect(mostRows).toBeLessThan(80)
      expect(processorMs / frames).toBeLessThan(wholeMs / 3)
      expect(longestTaskMs).toBeLessThan(wholeMs / 5)
    }
    // At its end is the last of its rows, and a key leads back to the first.
    await page.locator(`${rows}[aria-rowindex="10001"]`).waitFor()
    await page.locator(scroller).focus()
    await page.keyboard.press('Home')
    await page.locator(`${rows}[aria-rowindex="2"][data-active]`).waitFor()
    await page.close()
    await book.close()
  },
)

test('[SB9] without a local chain the page says so, and how to get one', async () => {
  const server = await openServerWithoutTables(studio.app, 'Book')
  const page = await visit.openPage(`${server.url}#/book`, [server.url])
  await page.getByText('There is no local chain here.').waitFor()
  expect(await page.locator('main').textContent()).toContain('FRESHET_ANVIL')
  await page.getByRole('link', { name: 'replay of a recorded book' }).click()
  await page.locator('.replay-chart canvas').first().waitFor()
  await page.close()
  await server.close()
})

function blockOf(text: string): number {
  return Number(/block ([\d,]+)/.exec(text)?.[1]?.replace(',', '') ?? NaN)
}
