import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStudioDemo, type StudioDemo } from '@freshet/cli/studio'
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright'
import { Surreal } from 'surrealdb'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { build } from 'vite'
import { chromiumArgs, chromiumPath, installChromium, whyNoChromium } from '../../repo/chromium.ts'

// The real thing: the built page in a Chromium, a SurrealDB behind its WebSocket, the stock SDK at both ends.

const scope = { namespace: 'demo', database: 'hill_valley' }

let app: string
let browser: Browser
let demo: StudioDemo
let context: BrowserContext
let trouble: string[]

beforeAll(async () => {
  const missing = whyNoChromium()
  if (missing !== undefined) throw new Error(missing)
  installChromium()
  app = await mkdtemp(join(tmpdir(), 'studio-app-'))
  await build({
    configFile: join(import.meta.dirname, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: app, emptyOutDir: true },
  })
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumArgs] })
}, 300_000)
afterAll(async () => {
  await browser?.close()
  if (app !== undefined) await rm(app, { recursive: true })
})

beforeEach(async () => {
  demo = await openStudioDemo({ app, port: 0 })
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  trouble = []
})
afterEach(async () => {
  await context.close()
  await demo.close()
})

async function openWindow(table: string): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) trouble.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(demo.url)) trouble.push(`asked for ${request.url()}`)
  })
  await page.goto(`${demo.url}#${table}`)
  return page
}

function cell(page: Page, id: string, field: string): Locator {
  return page.locator(`.cell[data-row="${id}"][data-field="${field}"]`)
}

function strip(page: Page, part: string): Locator {
  return page.locator(`.strip [data-part="${part}"]`)
}

const isLive = (page: Page): Promise<void> => page.locator('.strip[data-state="live"]').waitFor()

/** Writes as any other client of the database does. */
async function writeElsewhere(statements: string): Promise<void> {
  const client = new Surreal()
  await client.connect(demo.database.url, { ...scope, reconnect: false })
  await client.query(statements)
  await client.close()
}

async function edit(page: Page, id: string, field: string, text: string): Promise<void> {
  await cell(page, id, field).dblclick()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

async function stored(id: string, field: string): Promise<string> {
  const [value] = await demo.database.query(scope, `SELECT VALUE ${field} FROM ONLY ${id}`)
  return String(value)
}

test('[SU1] [SU11] rows appear, and what someone else writes shows and lights up', async () => {
  const page = await openWindow('client')
  await expect.poll(() => cell(page, 'marty', 'name').textContent()).toBe('Marty McFly')
  await isLive(page)
  await writeElsewhere('UPDATE client:marty SET balance = 77.25dec')
  await cell(page, 'marty', 'balance')
    .filter({ hasText: '77.25' })
    .and(page.locator('[data-changed]'))
    .waitFor()
  await writeElsewhere("CREATE client:jennifer SET name = 'Jennifer Parker', email = 'jennifer@mail.com'")
  await cell(page, 'jennifer', 'name').waitFor()
  await writeElsewhere('DELETE client:jennifer')
  await cell(page, 'jennifer', 'name').waitFor({ state: 'detached' })
  expect(trouble).toEqual([])
})

test('[SU3] with the database stopped rows stay, also over a reload; started again nothing is lost', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await cell(page, 'doc', 'name').waitFor()
  await page.getByRole('button', { name: 'Stop database' }).click()
  await page.locator('.strip[data-state="retrying"]').waitFor()
  await expect.poll(() => strip(page, 'age').textContent()).toMatch(/^stale since \d\d:\d\d:\d\d/)
  expect(await strip(page, 'source').textContent()).toBe('from cache')
  expect(await cell(page, 'doc', 'name').textContent()).toBe('Doc Brown')

  await edit(page, 'doc', 'name', 'Emmett Brown')
  await cell(page, 'doc', 'name').and(page.locator('[data-write="pending"][data-kept]')).waitFor()
  await demo.database.query(
    scope,
    `UPDATE client:marty SET balance = 1.5dec; DELETE client:biff;
     CREATE client:jennifer SET name = 'Jennifer Parker', email = 'jennifer@mail.com'`,
  )

  await page.reload()
  await cell(page, 'doc', 'name').filter({ hasText: 'Emmett Brown' }).waitFor()
  await cell(page, 'doc', 'name').and(page.locator('[data-write="pending"]')).waitFor()
  expect(await cell(page, 'biff', 'name').textContent()).toBe('Biff Tannen')
  await expect.poll(() => strip(page, 'age').textContent()).toMatch(/^stale since/)
  expect(await stored('client:doc', 'name')).toBe('Doc Brown')

  await page.getByRole('button', { name: 'Start database' }).click()
  await isLive(page)
  await cell(page, 'marty', 'balance').filter({ hasText: '1.5' }).waitFor()
  await cell(page, 'jennifer', 'name').waitFor()
  await cell(page, 'biff', 'name').waitFor({ state: 'detached' })
  await expect.poll(() => strip(page, 'pending').textContent()).toBe('no pending writes')
  expect(await stored('client:doc', 'name')).toBe('Emmett Brown')
  expect(await cell(page, 'doc', 'name').textContent()).toContain('Emmett Brown')
  expect(trouble).toEqual([])
})

test('[SU4] an edit is confirmed; one the database refuses is undone and says why', async () => {
  const page = await openWindow('product')
  await isLive(page)
  await edit(page, 'sea_pie', 'price', '310')
  await cell(page, 'sea_pie', 'price').and(page.locator('[data-write="confirmed"]')).waitFor()
  expect(await stored('product:sea_pie', 'price')).toBe('310')

  await edit(page, 'sea_pie', 'price', '0')
  const refused = cell(page, 'sea_pie', 'price').and(page.locator('[aria-invalid="true"]'))
  await refused.waitFor()
  expect(await refused.locator('.value').textContent()).toBe('310')
  expect(await refused.locator('.reason').textContent()).toMatch(/must conform to: \$value > 0/)
  expect(await page.getByRole('list', { name: 'Rejected writes' }).textContent()).toContain('sea_pie')

  await edit(page, 'sea_pie', 'price', '320')
  await cell(page, 'sea_pie', 'price').and(page.locator('[data-write="confirmed"]')).waitFor()
  expect(await page.locator('.notices li').count()).toBe(0)
  expect(await stored('product:sea_pie', 'price')).toBe('320')
})

test('[SU4] a row is added and deleted; a refused one is offered to be edited again', async () => {
  const page = await openWindow('product')
  await isLive(page)
  await page.getByRole('button', { name: 'Add row' }).click()
  await page.getByLabel('id of the new row').fill('sea_pie')
  await page.keyboard.press('Enter')
  await page.getByText('There is a row with this id already.').waitFor()
  await page.getByLabel('id of the new row').fill('mcfly_muffin')
  await page.getByLabel('name of the new row').fill('McFly Muffin')
  await page.getByLabel('price of the new row').fill('0')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Edit again' }).click()
  expect(await page.getByLabel('name of the new row').inputValue()).toBe('McFly Muffin')
  await page.getByLabel('price of the new row').fill('95')
  await page.keyboard.press('Enter')
  await cell(page, 'mcfly_muffin', 'id').and(page.locator('[data-write="confirmed"]')).waitFor()
  expect(await stored('product:mcfly_muffin', 'price')).toBe('95')

  await page.getByRole('button', { name: 'Delete mcfly_muffin' }).click()
  expect(await cell(page, 'mcfly_muffin', 'id').count()).toBe(1)
  await page.getByRole('button', { name: 'Delete mcfly_muffin: press again to confirm' }).click()
  await cell(page, 'mcfly_muffin', 'id').waitFor({ state: 'detached' })
  await expect
    .poll(() => demo.database.query(scope, 'SELECT VALUE id FROM product:mcfly_muffin'))
    .toEqual([[]])
})

test('[SU8] a second window follows the first, and takes over when that is closed', async () => {
  const first = await openWindow('client')
  await isLive(first)
  const second = await openWindow('client')
  await isLive(second)
  expect(await strip(first, 'role').textContent()).toBe('leader')
  expect(await strip(second, 'role').textContent()).toBe('follower')

  await writeElsewhere('UPDATE client:marty SET balance = 12.5dec')
  await cell(second, 'marty', 'balance').filter({ hasText: '12.5' }).waitFor()
  await edit(second, 'doc', 'name', 'Emmett')
  await cell(second, 'doc', 'name').and(second.locator('[data-write="confirmed"]')).waitFor()
  await cell(first, 'doc', 'name').filter({ hasText: 'Emmett' }).waitFor()
  await edit(second, 'doc', 'email', 'nowhere')
  await cell(second, 'doc', 'email').and(second.locator('[aria-invalid="true"]')).waitFor()

  await first.close()
  await strip(second, 'role').filter({ hasText: 'leader' }).waitFor()
  await isLive(second)
  await writeElsewhere('UPDATE client:marty SET balance = 13.5dec')
  await cell(second, 'marty', 'balance').filter({ hasText: '13.5' }).waitFor()
  await edit(second, 'marty', 'name', 'Marty')
  await cell(second, 'marty', 'name').and(second.locator('[data-write="confirmed"]')).waitFor()
  expect(await stored('client:marty', 'name')).toBe('Marty')
  expect(trouble).toEqual([])
})

test('[SU8] what a follower wrote while the database was away is sent by it when it leads', async () => {
  const first = await openWindow('client')
  await isLive(first)
  const second = await openWindow('client')
  await isLive(second)
  await demo.control.perform('stop-database')
  await second.locator('.strip[data-state="retrying"]').waitFor()
  await edit(second, 'doc', 'name', 'Emmett')
  await cell(first, 'doc', 'name').and(first.locator('[data-write="pending"]')).waitFor()
  await first.close()
  await strip(second, 'role').filter({ hasText: 'leader' }).waitFor()
  await demo.control.perform('start-database')
  await expect.poll(() => strip(second, 'pending').textContent()).toBe('no pending writes')
  expect(await stored('client:doc', 'name')).toBe('Emmett')
  expect(await cell(second, 'doc', 'name').textContent()).toContain('Emmett')
})

test('[SU7] leaving an editor without having typed writes nothing, whatever came in meanwhile', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await cell(page, 'marty', 'name').dblclick()
  await writeElsewhere(
    "UPDATE client:marty SET name = 'Martin'; CREATE client:a SET name = 'A', email = 'a@b.cd'",
  )
  await cell(page, 'marty', 'name').and(page.locator('[data-changed]')).waitFor()
  expect(await page.locator('tbody th').allTextContents()).toEqual(['biff', 'doc', 'marty'])
  await page.keyboard.press('Tab')
  await cell(page, 'a', 'name').waitFor()
  expect(await cell(page, 'marty', 'name').textContent()).toBe('Martin')
  expect(await strip(page, 'pending').textContent()).toBe('no pending writes')
  expect(await stored('client:marty', 'name')).toBe('Martin')
})

test('[SU9] columns sort and filter, and pages turn', async () => {
  await demo.database.query(
    scope,
    'FOR $n IN 1..=60 { CREATE type::record("product", "extra_" + <string>$n) SET name = "Extra " + <string>$n, price = 1000 + $n }',
  )
  const page = await openWindow('product')
  await isLive(page)
  const ids = (): Promise<string[]> => page.locator('tbody th').allTextContents()
  await expect.poll(ids).toHaveLength(50)
  await page.getByRole('button', { name: 'Page after' }).click()
  await expect.poll(ids).toHaveLength(15)
  await page.getByRole('columnheader', { name: 'price' }).click()
  await page.getByRole('columnheader', { name: 'price' }).click()
  await expect.poll(async () => (await ids())[0]).toBe('extra_60')
  await page.getByLabel('Filter price').fill('<200')
  await expect.poll(ids).toEqual(['hover_cookies', 'delorean_donut', 'flux_cupcake'])
  await page.getByLabel('Filter name').fill('cook')
  await expect.poll(ids).toEqual(['hover_cookies'])
  await page.getByLabel('Filter name').fill('nothing like it')
  await page.getByText('No row matches the filters.').waitFor()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect.poll(ids).toHaveLength(50)
})

test('[SU9] without database and without anything kept, the page says so, and reads when it can', async () => {
  await demo.control.perform('stop-database')
  const page = await openWindow('client')
  await page.getByText('The database cannot be reached, and nothing is kept here yet.').waitFor()
  await demo.control.perform('start-database')
  await expect.poll(() => page.locator('tbody th').allTextContents()).toEqual(['biff', 'doc', 'marty'])
})

test('[SU4] a write that is refused only after a reload is not lost in silence', async () => {
  const page = await openWindow('product')
  await isLive(page)
  await demo.control.perform('stop-database')
  await page.locator('.strip[data-state="retrying"]').waitFor()
  await edit(page, 'sea_pie', 'price', '0')
  await cell(page, 'sea_pie', 'price').and(page.locator('[data-write="pending"][data-kept]')).waitFor()
  await page.reload()
  await cell(page, 'sea_pie', 'price').and(page.locator('[data-write="pending"]')).waitFor()
  await demo.control.perform('start-database')
  await cell(page, 'sea_pie', 'price').and(page.locator('[aria-invalid="true"]')).waitFor()
  expect(await cell(page, 'sea_pie', 'price').locator('.value').textContent()).toBe('299')
})

test('[SU10] the keyboard alone reaches every cell, edits it and lets go of it', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await page.getByRole('columnheader', { name: 'id' }).focus()
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key)
  const focused = (): Promise<string> =>
    page.evaluate(() => {
      const { row, field } = (document.activeElement as HTMLElement).dataset
      return `${row}/${field}`
    })
  expect(await focused()).toBe('doc/name')
  await page.keyboard.press('Enter')
  await page.keyboard.type('Nobody')
  await page.keyboard.press('Escape')
  await expect.poll(focused).toBe('doc/name')
  expect(await cell(page, 'doc', 'name').textContent()).toBe('Doc Brown')
  await page.keyboard.type('Emmett')
  await page.keyboard.press('Tab')
  await expect.poll(focused).toBe('doc/email')
  await expect.poll(() => stored('client:doc', 'name')).toBe('Emmett')
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await cell(page, 'doc', 'name').waitFor({ state: 'detached' })
  await expect.poll(focused).toBe('marty/')
})

function card(page: Page, id: string): Locator {
  return page.getByRole('complementary', { name: `Card of ${id}` })
}

function cardField(page: Page, field: string, state?: string): Locator {
  const of = state === undefined ? '' : `[data-state="${state}"]`
  return page.locator(`.card .card-field[data-field="${field}"]${of}`)
}

async function openCard(page: Page, id: string): Promise<void> {
  await cell(page, id, 'id').focus()
  await page.keyboard.press('Enter')
  await card(page, id).waitFor()
}

test('[SU13] a card follows what a colleague changes elsewhere, and shows a conflict on the same field to choose', async () => {
  const page = await openWindow('client')
  await isLive(page)
  const colleague = await openWindow('client')
  await isLive(colleague)
  await openCard(page, 'marty')
  await page.getByLabel('name', { exact: true }).fill('Calvin Klein')
  await page.getByLabel('balance', { exact: true }).fill('151.5')
  await cardField(page, 'name', 'modified').waitFor()

  await edit(colleague, 'marty', 'contact_details', '555-2015')
  await cardField(page, 'contact_details', 'followed').waitFor()
  expect(await page.getByLabel('contact_details', { exact: true }).inputValue()).toBe('555-2015')
  expect(await page.getByLabel('name', { exact: true }).inputValue()).toBe('Calvin Klein')

  await edit(colleague, 'marty', 'name', 'Clint Eastwood')
  await edit(colleague, 'marty', 'balance', '99')
  await cardField(page, 'balance', 'conflict').waitFor()
  const sides = cardField(page, 'name', 'conflict').locator('.side dd')
  expect(await sides.allTextContents()).toEqual(['Marty McFly', 'Calvin Klein', 'Clint Eastwood'])
  expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  await cardField(page, 'balance').getByRole('button', { name: 'Take theirs' }).click()
  await cardField(page, 'balance', 'clean').waitFor()
  await cardField(page, 'name').getByRole('button', { name: 'Type another' }).click()
  await page.getByLabel('Another value of name').fill('Clint Klein')
  await page.getByRole('button', { name: 'Use this' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await card(page, 'marty').getByText('Saved.').waitFor()
  expect(await stored('client:marty', 'name')).toBe('Clint Klein')
  expect(await stored('client:marty', 'balance')).toBe('99')
  expect(await stored('client:marty', 'contact_details')).toBe('555-2015')
  await page.keyboard.press('Escape')
  await card(page, 'marty').waitFor({ state: 'detached' })
  expect(trouble).toEqual([])
})

test('[SU13] a row deleted meanwhile keeps the draft, which is made again', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await openCard(page, 'marty')
  await page.getByLabel('name', { exact: true }).fill('Calvin Klein')
  await writeElsewhere('DELETE client:marty')
  await card(page, 'marty').getByText('Someone else deleted this row. Your draft is kept.').waitFor()
  expect(await page.getByLabel('name', { exact: true }).inputValue()).toBe('Calvin Klein')
  await page.getByRole('button', { name: 'Recreate' }).click()
  await card(page, 'marty').getByText('Saved.').waitFor()
  expect(await stored('client:marty', 'name')).toBe('Calvin Klein')
  expect(await stored('client:marty', 'email')).toBe('marty@gmail.com')
})

test('[SU13] a row deleted meanwhile can be let go, draft and all', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await openCard(page, 'doc')
  await page.getByLabel('name', { exact: true }).fill('Emmett')
  await writeElsewhere('DELETE client:doc')
  await page.locator('.card-notice').getByRole('button', { name: 'Discard' }).click()
  await card(page, 'doc').waitFor({ state: 'detached' })
  expect(await page.locator('tbody th').allTextContents()).toEqual(['biff', 'marty'])
})

test('[SU14] a refused save says why at its field and keeps the draft, in a following window too', async () => {
  const first = await openWindow('client')
  await isLive(first)
  const page = await openWindow('client')
  await isLive(page)
  for (const window of [first, page]) {
    await openCard(window, 'marty')
    await window.getByLabel('email', { exact: true }).fill('nowhere')
    await window.keyboard.press('Enter')
    await cardField(window, 'email', 'modified').locator('.field-reason').waitFor()
    await card(window, 'marty')
      .getByText(/^Not saved: /)
      .waitFor()
    expect(await window.getByLabel('email', { exact: true }).inputValue()).toBe('nowhere')
    expect(await window.locator('.notices li').count()).toBe(0)
  }
  await page.getByLabel('email', { exact: true }).fill('calvin@klein.com')
  expect(await cardField(page, 'email').locator('.field-reason').count()).toBe(0)
  await page.keyboard.press('Enter')
  await card(page, 'marty').getByText('Saved.').waitFor()
  expect(await stored('client:marty', 'email')).toBe('calvin@klein.com')
})

test('[SU13] Escape asks what becomes of a changed draft, and a kept one is there again', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await openCard(page, 'marty')
  await page.keyboard.press('Escape')
  await card(page, 'marty').waitFor({ state: 'detached' })
  await expect
    .poll(() => cell(page, 'marty', 'id').evaluate((at) => at === document.activeElement))
    .toBe(true)

  await openCard(page, 'marty')
  await page.getByLabel('name', { exact: true }).fill('Calvin Klein')
  await page.keyboard.press('Escape')
  await page.getByRole('alertdialog', { name: 'Close with unsaved changes?' }).waitFor()
  await page.keyboard.press('Enter')
  await card(page, 'marty').waitFor({ state: 'detached' })
  await cell(page, 'marty', 'id').and(page.locator('[data-draft]')).waitFor()

  await page.locator('.strip [data-part="pending"]').click()
  await page.getByRole('button', { name: 'Open the draft of marty' }).click()
  expect(await page.getByLabel('name', { exact: true }).inputValue()).toBe('Calvin Klein')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Discard it' }).click()
  await page.getByText('Nothing waits.').waitFor()
  expect(await stored('client:marty', 'name')).toBe('Marty McFly')
})

test('[SU16] a save without a database is queued; the panel says why and takes it back, and the draft stands again', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await demo.control.perform('stop-database')
  await page.locator('.strip[data-state="retrying"]').waitFor()
  await openCard(page, 'marty')
  await page.getByLabel('name', { exact: true }).fill('Calvin Klein')
  await page.keyboard.press('Enter')
  await cardField(page, 'name', 'queued').waitFor()
  await card(page, 'marty')
    .getByText(/^Queued \d+ s ago: the database is out of reach/)
    .waitFor()
  await page.locator('.strip [data-part="pending"]').click()
  const queue = page.getByRole('region', { name: 'Queue' })
  await queue.getByText('marty: name = Calvin Klein').waitFor()
  await queue.getByRole('button', { name: 'Discard the write to marty' }).click()
  await cardField(page, 'name', 'modified').waitFor()
  expect(await page.getByLabel('name', { exact: true }).inputValue()).toBe('Calvin Klein')

  await page.getByRole('button', { name: 'Save' }).click()
  await cardField(page, 'name', 'queued').waitFor()
  await demo.database.query(scope, "UPDATE client:marty SET name = 'Clint', balance = 5dec")
  await demo.control.perform('start-database')
  await cardField(page, 'name', 'conflict').waitFor()
  expect(await cardField(page, 'name').locator('.side dd').allTextContents()).toEqual([
    'Marty McFly',
    'Calvin Klein',
    'Clint',
  ])
  await cardField(page, 'name').getByRole('button', { name: 'Keep mine' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await card(page, 'marty').getByText('Saved.').waitFor()
  expect(await stored('client:marty', 'name')).toBe('Calvin Klein')
  expect(await stored('client:marty', 'balance')).toBe('5')
})

test('[SU15] an edit in the grid overwrites nothing unseen: who was late chooses', async () => {
  const page = await openWindow('client')
  await isLive(page)
  const late = async (mine: string, theirs: string): Promise<Locator> => {
    await cell(page, 'marty', 'name').dblclick()
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type(mine)
    await writeElsewhere(`UPDATE client:marty SET name = '${theirs}'`)
    await cell(page, 'marty', 'name').and(page.locator('[data-changed]')).waitFor()
    await page.keyboard.press('Enter')
    const notice = page.locator('.notices li[data-kind="conflict"]')
    await notice.getByText(`name was changed by someone else to ${theirs}; yours was ${mine}`).waitFor()
    return notice
  }
  await (await late('Calvin', 'Clint')).getByRole('button', { name: 'Keep theirs' }).click()
  expect(await page.locator('.notices li').count()).toBe(0)
  expect(await stored('client:marty', 'name')).toBe('Clint')
  await (await late('Calvin', 'Clint Eastwood')).getByRole('button', { name: 'Overwrite' }).click()
  await cell(page, 'marty', 'name').and(page.locator('[data-write="confirmed"]')).waitFor()
  expect(await page.locator('.notices li').count()).toBe(0)
  expect(await stored('client:marty', 'name')).toBe('Calvin')
})

test('[SU15] an edit that came too late while the database was away says so, also after a reload', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await demo.control.perform('stop-database')
  await page.locator('.strip[data-state="retrying"]').waitFor()
  await edit(page, 'doc', 'name', 'Emmett')
  await cell(page, 'doc', 'name').and(page.locator('[data-write="pending"][data-kept]')).waitFor()
  await demo.database.query(scope, "UPDATE client:doc SET name = 'Doc', email = 'doc@mail.com'")
  await page.reload()
  await cell(page, 'doc', 'name').and(page.locator('[data-write="pending"]')).waitFor()
  await demo.control.perform('start-database')
  const notice = page.locator('.notices li[data-kind="conflict"]')
  await notice.getByText('name was changed by someone else to Doc; yours was Emmett').waitFor()
  expect(await stored('client:doc', 'name')).toBe('Doc')
  await notice.getByRole('button', { name: 'Overwrite' }).click()
  await cell(page, 'doc', 'name').and(page.locator('[data-write="confirmed"]')).waitFor()
  expect(await stored('client:doc', 'name')).toBe('Emmett')
  expect(await stored('client:doc', 'email')).toBe('doc@mail.com')
})

test('[SU16] what waited while browser and database were closed is confirmed in order, once', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'studio-profile-'))
  const open = async (): Promise<Page> => {
    await context.close()
    context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath(),
      args: [...chromiumArgs],
      viewport: { width: 1280, height: 800 },
    })
    return openWindow('client')
  }
  await demo.database.query(
    scope,
    `DEFINE TABLE effect SCHEMALESS;
     DEFINE EVENT effects ON TABLE client THEN (CREATE effect SET at = time::now(), name = $after.name)`,
  )
  const page = await open()
  await isLive(page)
  await demo.control.perform('stop-database')
  await page.locator('.strip[data-state="retrying"]').waitFor()
  for (const [id, name] of [
    ['marty', 'Calvin Klein'],
    ['doc', 'Emmett'],
  ] as const) {
    await openCard(page, id)
    await page.getByLabel('name', { exact: true }).fill(name)
    await page.keyboard.press('Enter')
    await card(page, id)
      .getByText(/^Queued \d+ s ago: the database is out of reach/)
      .waitFor()
    await page.keyboard.press('Escape')
  }
  const again = await open()
  await again.getByText('2 pending writes').waitFor()
  expect(await cell(again, 'marty', 'name').textContent()).toContain('Calvin Klein')
  await demo.control.perform('start-database')
  await again.getByText('no pending writes').waitFor()
  const effects = await demo.database.query(scope, 'SELECT at, name FROM effect ORDER BY at')
  expect(effects).toMatchObject([[{ name: 'Calvin Klein' }, { name: 'Emmett' }]])
  expect(trouble).toEqual([])
  await context.close()
  await rm(profile, { recursive: true })
})

test('[SU16] a queued save whose guard fails after a reload is kept, to be retried, or chosen in its card', async () => {
  const page = await openWindow('client')
  await isLive(page)
  await demo.control.perform('stop-database')
  await page.locator('.strip[data-state="retrying"]').waitFor()
  await openCard(page, 'marty')
  await page.getByLabel('name', { exact: true }).fill('Calvin Klein')
  await page.keyboard.press('Enter')
  await cardField(page, 'name', 'queued').waitFor()
  await demo.database.query(scope, "UPDATE client:marty SET name = 'Clint'")
  await page.reload()
  await demo.control.perform('start-database')
  await page.locator('.strip [data-part="pending"]').click()
  const failed = page.getByRole('region', { name: 'Queue' }).locator('li[data-outcome="failed"]')
  await failed.getByText('someone else changed the same first').waitFor()
  await failed.getByRole('button', { name: 'Retry the write to marty' }).click()
  // It is sent as it was, and its guard still fails.
  await failed.getByText('someone else changed the same first').waitFor()
  await cell(page, 'marty', 'name').filter({ hasText: 'Clint' }).waitFor()
  await openCard(page, 'marty')
  await cardField(page, 'name', 'conflict').waitFor()
  expect(await cardField(page, 'name').locator('.side dd').allTextContents()).toEqual([
    'Marty McFly',
    'Calvin Klein',
    'Clint',
  ])
  await cardField(page, 'name').getByRole('button', { name: 'Keep mine' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await card(page, 'marty').getByText('Saved.').waitFor()
  await failed.waitFor({ state: 'detached' })
  expect(await stored('client:marty', 'name')).toBe('Calvin Klein')
})
