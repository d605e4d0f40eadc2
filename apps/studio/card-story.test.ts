import { expect, test } from 'vitest'
import {
  card,
  cardField,
  cardInput,
  draftName,
  isSaved,
  openCard,
  openQueue,
  save,
} from './testing/card-page.ts'
import { stageTables } from './testing/stage-tables.ts'
import { cell, edit, marked, shownIds, toSee } from './testing/table-page.ts'

const stage = stageTables()

test('[SU13] a card follows what a colleague changes elsewhere, and shows a conflict on the same field to choose', async () => {
  const page = await stage.openLiveWindow('client')
  const colleague = await stage.openLiveWindow('client')
  await draftName(page, 'marty', 'Calvin Klein')
  await cardInput(page, 'balance').fill('151.5')
  await cardField(page, 'name', 'modified').waitFor()

  await toSee(cardField(page, 'contact_details', 'followed'), () =>
    edit(colleague, 'marty', 'contact_details', '555-2015'),
  )
  expect(await cardInput(page, 'contact_details').inputValue()).toBe('555-2015')
  expect(await cardInput(page, 'name').inputValue()).toBe('Calvin Klein')

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
  await save(page)
  await isSaved(page, 'marty')
  expect(await stage.stored('client:marty', 'name')).toBe('Clint Klein')
  expect(await stage.stored('client:marty', 'balance')).toBe('99')
  expect(await stage.stored('client:marty', 'contact_details')).toBe('555-2015')
  await page.keyboard.press('Escape')
  await card(page, 'marty').waitFor({ state: 'detached' })
  expect(stage.trouble()).toEqual([])
})

test('[SU13] a row deleted meanwhile keeps the draft, which is made again', async () => {
  const page = await stage.openLiveWindow('client')
  await draftName(page, 'marty', 'Calvin Klein')
  await stage.writeElsewhere('DELETE client:marty')
  await card(page, 'marty').getByText('Someone else deleted this row. Your draft is kept.').waitFor()
  expect(await cardInput(page, 'name').inputValue()).toBe('Calvin Klein')
  await page.getByRole('button', { name: 'Recreate' }).click()
  await isSaved(page, 'marty')
  expect(await stage.stored('client:marty', 'name')).toBe('Calvin Klein')
  expect(await stage.stored('client:marty', 'email')).toBe('marty@gmail.com')
})

test('[SU13] a row deleted meanwhile can be let go, draft and all', async () => {
  const page = await stage.openLiveWindow('client')
  await draftName(page, 'doc', 'Emmett')
  await stage.writeElsewhere('DELETE client:doc')
  await page.locator('.card-notice').getByRole('button', { name: 'Discard' }).click()
  await card(page, 'doc').waitFor({ state: 'detached' })
  expect(await shownIds(page)).toEqual(['biff', 'marty'])
})

test('[SU14] a refused save says why at its field and keeps the draft, in a following window too', async () => {
  const first = await stage.openLiveWindow('client')
  const page = await stage.openLiveWindow('client')
  for (const window of [first, page]) {
    await openCard(window, 'marty')
    await cardInput(window, 'email').fill('nowhere')
    await window.keyboard.press('Enter')
    await cardField(window, 'email', 'modified').locator('.field-reason').waitFor()
    await card(window, 'marty')
      .getByText(/^Not saved: /)
      .waitFor()
    expect(await cardInput(window, 'email').inputValue()).toBe('nowhere')
    expect(await window.locator('.notices li').count()).toBe(0)
  }
  await cardInput(page, 'email').fill('calvin@klein.com')
  expect(await cardField(page, 'email').locator('.field-reason').count()).toBe(0)
  await page.keyboard.press('Enter')
  await isSaved(page, 'marty')
  expect(await stage.stored('client:marty', 'email')).toBe('calvin@klein.com')
})

test('[SU13] Escape asks what becomes of a changed draft, and a kept one is there again', async () => {
  const page = await stage.openLiveWindow('client')
  await openCard(page, 'marty')
  await page.keyboard.press('Escape')
  await card(page, 'marty').waitFor({ state: 'detached' })
  await expect
    .poll(() => cell(page, 'marty', 'id').evaluate((at) => at === document.activeElement))
    .toBe(true)

  await draftName(page, 'marty', 'Calvin Klein')
  await page.keyboard.press('Escape')
  await page.getByRole('alertdialog', { name: 'Close with unsaved changes?' }).waitFor()
  await page.keyboard.press('Enter')
  await card(page, 'marty').waitFor({ state: 'detached' })
  await marked(page, 'marty', 'id', 'draft').waitFor()

  await (await openQueue(page)).getByRole('button', { name: 'Open the draft of marty' }).click()
  expect(await cardInput(page, 'name').inputValue()).toBe('Calvin Klein')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Discard it' }).click()
  await page.getByText('Nothing waits.').waitFor()
  expect(await stage.stored('client:marty', 'name')).toBe('Marty McFly')
})
