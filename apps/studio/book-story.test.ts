import { createSeededRandom } from '@freshet/core/testing'
import { findLocalAnvil, openStudioDemo, type StudioDemo } from '@freshet/cli/studio'
import type { Locator, Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildStudio, buildTimeoutMs, type BuiltStudio } from './testing/built-studio.ts'
import { openServerWithoutTables } from './testing/server-without-tables.ts'
import { beginVisit, isError, type Visit } from './testing/visit.ts'

// The built page in a Chromium, beside a real local chain on which traders trade.

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
  await pair(page, 'Stable').locator('[data-part="virtual"]').waitFor()
  return page
}

/** The machine may be loaded. */
const patience = { timeout: 20_000 }
const pair = (page: Page, order: string): Locator => page.locator(`tr[data-order="${order}"]`).first()
const part = (page: Page, name: string): Locator => page.locator(`[data-part="${name}"]`).first()
const verdicts = (page: Page): Promise<readonly string[]> => page.locator('.book-verdict').allTextContents()
const number = async (found: Locator): Promise<number> =>
  Number((await found.textContent())?.replace(/\D/g, '') ?? NaN)

test.skipIf(anvil === undefined)(
  `[SB1] [SB2] each pair is quoted here at once, and beside it the chain says the same${skipped}`,
  async () => {
    const page = await openBook()
    expect(await page.locator('.book-pairs tbody tr').count()).toBe(9)
    await expect
      .poll(async () => (await verdicts(page)).filter((text) => text === 'match').length, patience)
      .toBe(8)
    const stable = pair(page, 'Stable')
    expect(await stable.locator('[data-part="virtual"]').textContent()).toBe('1.0002')
    expect(await stable.locator('[data-part="rpc"]').textContent()).toBe('1.0002')
    expect(await stable.locator('[data-part="delta"]').textContent()).toBe('0')
    expect(await pair(page, 'Reverts').locator('[data-part="virtual"]').textContent()).toContain(
      'reverted with',
    )
    expect(await pair(page, 'Asks outside for its price').locator('.book-verdict').textContent()).toContain(
      'not comparable: the program looks at 0x0e0e',
    )
  },
)

test.skipIf(anvil === undefined)(
  `[SB1] [SB3] a trade changes vaults and quotes, and the strip ticks${skipped}`,
  async () => {
    const page = await openBook()
    const balances = (): Promise<readonly string[]> =>
      page.locator('.book-vaults [data-part="balance"]').allTextContents()
    const before = await balances()
    const trades = await number(part(page, 'trades'))
    await expect.poll(() => number(part(page, 'trades')), patience).toBeGreaterThan(trades)
    await expect.poll(balances, patience).not.toEqual(before)
    await page.locator('.book-vaults [data-changed]').first().waitFor()

    const block = await number(part(page, 'block'))
    await expect.poll(() => number(part(page, 'block')), patience).toBeGreaterThan(block)
    await page.locator('.strip .state', { hasText: 'ready' }).waitFor()
    // With nobody trading a block comes every four seconds, and the age counts between them.
    await page.getByRole('button', { name: 'Traders trade' }).click()
    const ages = new Set<string | null>()
    await expect
      .poll(async () => ages.add(await part(page, 'age').textContent()).size, patience)
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
    await expect.poll(() => number(part(page, 'block')), patience).toBeGreaterThan(ancestor)
    await page.locator('.strip .state', { hasText: 'ready' }).waitFor()
    await expect
      .poll(
        async () => (await page.locator('[data-part="compared"]').allTextContents()).map(blockOf),
        patience,
      )
      .toSatisfy(
        (blocks: readonly number[]) => blocks.length === 9 && blocks.every((block) => block > ancestor),
      )
    expect((await verdicts(page)).filter((text) => text === 'match').length).toBe(8)
    await page.getByRole('button', { name: 'Dismiss the notice' }).click()
    await notice.waitFor({ state: 'detached' })
  },
)

test.skipIf(anvil === undefined)(
  `[SB5] another counterparty is quoted as that one; what is no address is said${skipped}`,
  async () => {
    const page = await openBook()
    const named = pair(page, 'Dearer for those it can name')
    await named.locator('[data-part="rpc"]', { hasText: '3010' }).waitFor()
    const field = page.getByLabel('Counterparty')
    await field.fill('0x12')
    await page.getByText('An address is 0x and 40 digits.').waitFor()
    await field.fill(`0x${'ab'.repeat(20)}`)
    await named.locator('[data-part="rpc"]', { hasText: '3050' }).waitFor()
    expect(await named.locator('[data-part="virtual"]').textContent()).toBe('3050')
    await named.locator('.book-verdict', { hasText: 'match' }).waitFor()
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
    expect(await name()).toContain('Constant')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await name()).toContain('Falls with time')
    await page.keyboard.press('Enter')
    const why = page.getByRole('complementary', { name: 'Why different?' })
    await why.getByText('Depends on the time').waitFor()
    expect(await why.locator('[data-part="why-missing"]').textContent()).toBe('nothing')
    expect(await why.locator('[data-part="why-event"]').textContent()).toMatch(/^block \d+, log \d+$/)
    await page.keyboard.press('Escape')
    await why.waitFor({ state: 'detached' })
    expect(await name()).toContain('Falls with time')
  },
)

test.skipIf(anvil === undefined)(
  `[SB10] what would be quoted later, or with another balance, is computed in the page${skipped}`,
  async () => {
    const page = await openBook()
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/book/replica')) asked.push(request.url())
    })
    await pair(page, 'Falls with time').locator('.book-verdict').click()
    await page.getByRole('button', { name: 'What if?' }).click()
    const answer = page.locator('output[data-part="what-if"]')
    await answer.filter({ hasText: 'most 0.8' }).waitFor()
    const now = Number.parseFloat((await answer.textContent()) ?? '')
    await page.getByLabel('seconds later').fill('100')
    await answer.filter({ hasText: `${now - 50}, most 0.8` }).waitFor()
    await page.getByLabel('of what its vault holds').fill('0')
    await expect.poll(() => answer.textContent(), patience).toBe(`${now - 50}, most 0`)
    expect(asked).toHaveLength(1)
    expect(page.workers().length).toBeGreaterThan(0)
  },
)

test.skipIf(anvil === undefined)(
  `[SB8] it follows light and dark, and a narrow window${skipped}`,
  async () => {
    const page = await openBook()
    const paper = () =>
      page
        .locator('.book-pairs td')
        .first()
        .evaluate((cell) => getComputedStyle(cell).backgroundColor)
    expect(await paper()).toBe('rgb(255, 255, 255)')
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await paper()).toBe('rgb(20, 23, 26)')
    await page.setViewportSize({ width: 420, height: 800 })
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    await page.locator('.book-verdict').first().click()
    await page.getByRole('complementary', { name: 'Why different?' }).waitFor()
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
  return Number(/block (\d+)/.exec(text)?.[1] ?? NaN)
}
