import type { Locator } from 'playwright'
import { expect, test } from 'vitest'
import { stageTables } from './testing/stage-tables.ts'
import { cell, edit, isLive, marked, replaceText, shownIds, strip, toSee } from './testing/table-page.ts'

const stage = stageTables()

test('[SU1] [SU11] rows appear, and what someone else writes shows and lights up', async () => {
  const page = await stage.openWindow('client')
  await expect.poll(() => cell(page, 'marty', 'name').textContent()).toBe('Marty McFly')
  await isLive(page)
  await toSee(marked(page, 'marty', 'balance', 'changed').filter({ hasText: '77.25' }), () =>
    stage.writeElsewhere('UPDATE client:marty SET balance = 77.25dec'),
  )
  await stage.writeElsewhere(
    "CREATE client:jennifer SET name = 'Jennifer Parker', email = 'jennifer@mail.com'",
  )
  await cell(page, 'jennifer', 'name').waitFor()
  await stage.writeElsewhere('DELETE client:jennifer')
  await cell(page, 'jennifer', 'name').waitFor({ state: 'detached' })
  expect(stage.trouble()).toEqual([])
})

test('[SU3] with the database stopped rows stay, also over a reload; started again nothing is lost', async () => {
  const page = await stage.openLiveWindow('client')
  await cell(page, 'doc', 'name').waitFor()
  await page.getByRole('button', { name: 'Stop database' }).click()
  await page.locator('.strip[data-state="retrying"]').waitFor()
  await expect.poll(() => strip(page, 'age').textContent()).toMatch(/^stale since \d\d:\d\d:\d\d/)
  expect(await strip(page, 'source').textContent()).toBe('from cache')
  expect(await cell(page, 'doc', 'name').textContent()).toBe('Doc Brown')

  await edit(page, 'doc', 'name', 'Emmett Brown')
  await marked(page, 'doc', 'name', 'kept').waitFor()
  await stage.query(`UPDATE client:marty SET balance = 1.5dec; DELETE client:biff;
     CREATE client:jennifer SET name = 'Jennifer Parker', email = 'jennifer@mail.com'`)

  await page.reload()
  await cell(page, 'doc', 'name').filter({ hasText: 'Emmett Brown' }).waitFor()
  await marked(page, 'doc', 'name', 'pending').waitFor()
  expect(await cell(page, 'biff', 'name').textContent()).toBe('Biff Tannen')
  await expect.poll(() => strip(page, 'age').textContent()).toMatch(/^stale since/)
  expect(await stage.stored('client:doc', 'name')).toBe('Doc Brown')

  await page.getByRole('button', { name: 'Start database' }).click()
  await isLive(page)
  await cell(page, 'marty', 'balance').filter({ hasText: '1.5' }).waitFor()
  await cell(page, 'jennifer', 'name').waitFor()
  await cell(page, 'biff', 'name').waitFor({ state: 'detached' })
  await expect.poll(() => strip(page, 'pending').textContent()).toBe('no pending writes')
  expect(await stage.stored('client:doc', 'name')).toBe('Emmett Brown')
  expect(await cell(page, 'doc', 'name').textContent()).toContain('Emmett Brown')
  expect(stage.trouble()).toEqual([])
})

test('[SU4] an edit is confirmed; one the database refuses is undone and says why', async () => {
  const page = await stage.openLiveWindow('product')
  const confirmed = marked(page, 'sea_pie', 'price', 'confirmed')
  await toSee(confirmed, () => edit(page, 'sea_pie', 'price', '310'))
  expect(await stage.stored('product:sea_pie', 'price')).toBe('310')

  await edit(page, 'sea_pie', 'price', '0')
  const refused = marked(page, 'sea_pie', 'price', 'refused')
  await refused.waitFor()
  expect(await refused.locator('.value').textContent()).toBe('310')
  expect(await refused.locator('.reason').textContent()).toMatch(/must conform to: \$value > 0/)
  expect(await page.getByRole('list', { name: 'Rejected writes' }).textContent()).toContain('sea_pie')

  await toSee(confirmed, () => edit(page, 'sea_pie', 'price', '320'))
  expect(await page.locator('.notices li').count()).toBe(0)
  expect(await stage.stored('product:sea_pie', 'price')).toBe('320')
})

test('[SU4] a row is added and deleted; a refused one is offered to be edited again', async () => {
  const page = await stage.openLiveWindow('product')
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
  await toSee(marked(page, 'mcfly_muffin', 'id', 'confirmed'), () => page.keyboard.press('Enter'))
  expect(await stage.stored('product:mcfly_muffin', 'price')).toBe('95')

  await page.getByRole('button', { name: 'Delete mcfly_muffin' }).click()
  expect(await cell(page, 'mcfly_muffin', 'id').count()).toBe(1)
  await page.getByRole('button', { name: 'Delete mcfly_muffin: press again to confirm' }).click()
  await cell(page, 'mcfly_muffin', 'id').waitFor({ state: 'detached' })
  await expect.poll(() => stage.query('SELECT VALUE id FROM product:mcfly_muffin')).toEqual([[]])
})

test('[SU8] a second window follows the first, and takes over when that is closed', async () => {
  const first = await stage.openLiveWindow('client')
  const second = await stage.openLiveWindow('client')
  expect(await strip(first, 'role').textContent()).toBe('leader')
  expect(await strip(second, 'role').textContent()).toBe('follower')

  await stage.writeElsewhere('UPDATE client:marty SET balance = 12.5dec')
  await cell(second, 'marty', 'balance').filter({ hasText: '12.5' }).waitFor()
  await toSee(marked(second, 'doc', 'name', 'confirmed'), () => edit(second, 'doc', 'name', 'Emmett'))
  await cell(first, 'doc', 'name').filter({ hasText: 'Emmett' }).waitFor()
  await edit(second, 'doc', 'email', 'nowhere')
  await marked(second, 'doc', 'email', 'refused').waitFor()

  await first.close()
  await strip(second, 'role').filter({ hasText: 'leader' }).waitFor()
  await isLive(second)
  await stage.writeElsewhere('UPDATE client:marty SET balance = 13.5dec')
  await cell(second, 'marty', 'balance').filter({ hasText: '13.5' }).waitFor()
  await toSee(marked(second, 'marty', 'name', 'confirmed'), () => edit(second, 'marty', 'name', 'Marty'))
  expect(await stage.stored('client:marty', 'name')).toBe('Marty')
  expect(stage.trouble()).toEqual([])
})

test('[SU8] what a follower wrote while the database was away is sent by it when it leads', async () => {
  const first = await stage.openLiveWindow('client')
  const second = await stage.openLiveWindow('client')
  await stage.loseDatabase(second)
  await edit(second, 'doc', 'name', 'Emmett')
  await marked(first, 'doc', 'name', 'pending').waitFor()
  await first.close()
  await strip(second, 'role').filter({ hasText: 'leader' }).waitFor()
  await stage.startDatabase()
  await expect.poll(() => strip(second, 'pending').textContent()).toBe('no pending writes')
  expect(await stage.stored('client:doc', 'name')).toBe('Emmett')
  expect(await cell(second, 'doc', 'name').textContent()).toContain('Emmett')
})

test('[SU7] leaving an editor without having typed writes nothing, whatever came in meanwhile', async () => {
  const page = await stage.openLiveWindow('client')
  await cell(page, 'marty', 'name').dblclick()
  await stage.writeElsewhere(
    "UPDATE client:marty SET name = 'Martin'; CREATE client:a SET name = 'A', email = 'a@b.cd'",
  )
  await cell(page, 'marty', 'name').filter({ hasText: 'Martin' }).waitFor()
  expect(await shownIds(page)).toEqual(['biff', 'doc', 'marty'])
  await page.keyboard.press('Tab')
  await cell(page, 'a', 'name').waitFor()
  expect(await cell(page, 'marty', 'name').textContent()).toBe('Martin')
  expect(await strip(page, 'pending').textContent()).toBe('no pending writes')
  expect(await stage.stored('client:marty', 'name')).toBe('Martin')
})

test('[SU9] columns sort and filter, and pages turn', async () => {
  await stage.query(
    'FOR $n IN 1..=60 { CREATE type::record("product", "extra_" + <string>$n) SET name = "Extra " + <string>$n, price = 1000 + $n }',
  )
  const page = await stage.openLiveWindow('product')
  const ids = (): Promise<string[]> => shownIds(page)
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
  await stage.stopDatabase()
  const page = await stage.openWindow('client')
  await page.getByText('The database cannot be reached, and nothing is kept here yet.').waitFor()
  await stage.startDatabase()
  await expect.poll(() => shownIds(page)).toEqual(['biff', 'doc', 'marty'])
})

test('[SU4] a write that is refused only after a reload is not lost in silence', async () => {
  const page = await stage.openLiveWindow('product')
  await stage.loseDatabase(page)
  await edit(page, 'sea_pie', 'price', '0')
  await marked(page, 'sea_pie', 'price', 'kept').waitFor()
  await page.reload()
  await marked(page, 'sea_pie', 'price', 'pending').waitFor()
  await stage.startDatabase()
  await marked(page, 'sea_pie', 'price', 'refused').waitFor()
  expect(await cell(page, 'sea_pie', 'price').locator('.value').textContent()).toBe('299')
})

test('[SU10] the keyboard alone reaches every cell, edits it and lets go of it', async () => {
  const page = await stage.openLiveWindow('client')
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
  await expect.poll(() => stage.stored('client:doc', 'name')).toBe('Emmett')
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await cell(page, 'doc', 'name').waitFor({ state: 'detached' })
  await expect.poll(focused).toBe('marty/')
})

test('[SU15] an edit in the grid overwrites nothing unseen: who was late chooses', async () => {
  const page = await stage.openLiveWindow('client')
  const late = async (mine: string, theirs: string): Promise<Locator> => {
    await cell(page, 'marty', 'name').dblclick()
    await replaceText(page, mine)
    await stage.writeElsewhere(`UPDATE client:marty SET name = '${theirs}'`)
    await cell(page, 'marty', 'name').filter({ hasText: theirs }).waitFor()
    await page.keyboard.press('Enter')
    const notice = page.locator('.notices li[data-kind="conflict"]')
    await notice.getByText(`name was changed by someone else to ${theirs}; yours was ${mine}`).waitFor()
    return notice
  }
  await (await late('Calvin', 'Clint')).getByRole('button', { name: 'Keep theirs' }).click()
  expect(await page.locator('.notices li').count()).toBe(0)
  expect(await stage.stored('client:marty', 'name')).toBe('Clint')
  const notice = await late('Calvin', 'Clint Eastwood')
  await toSee(marked(page, 'marty', 'name', 'confirmed'), () =>
    notice.getByRole('button', { name: 'Overwrite' }).click(),
  )
  expect(await page.locator('.notices li').count()).toBe(0)
  expect(await stage.stored('client:marty', 'name')).toBe('Calvin')
})

test('[SU15] an edit that came too late while the database was away says so, also after a reload', async () => {
  const page = await stage.openLiveWindow('client')
  await stage.loseDatabase(page)
  await edit(page, 'doc', 'name', 'Emmett')
  await marked(page, 'doc', 'name', 'kept').waitFor()
  await stage.query("UPDATE client:doc SET name = 'Doc', email = 'doc@mail.com'")
  await page.reload()
  await marked(page, 'doc', 'name', 'pending').waitFor()
  await stage.startDatabase()
  const notice = page.locator('.notices li[data-kind="conflict"]')
  await notice.getByText('name was changed by someone else to Doc; yours was Emmett').waitFor()
  expect(await stage.stored('client:doc', 'name')).toBe('Doc')
  await toSee(marked(page, 'doc', 'name', 'confirmed'), () =>
    notice.getByRole('button', { name: 'Overwrite' }).click(),
  )
  expect(await stage.stored('client:doc', 'name')).toBe('Emmett')
  expect(await stage.stored('client:doc', 'email')).toBe('doc@mail.com')
})
