import type { Locator, Page } from 'playwright'
import { cell } from './table-page.ts'

export function card(page: Page, id: string): Locator {
  return page.getByRole('complementary', { name: `Card of ${id}` })
}

export function cardField(page: Page, field: string, state?: string): Locator {
  const of = state === undefined ? '' : `[data-state="${state}"]`
  return page.locator(`.card .card-field[data-field="${field}"]${of}`)
}

/** Where the value of a field is typed. */
export const cardInput = (page: Page, field: string): Locator => page.getByLabel(field, { exact: true })

/** What a field in conflict was, what is typed, and what someone else wrote. */
export const sidesOf = (page: Page, field: string): Promise<string[]> =>
  cardField(page, field).locator('.side dd').allTextContents()

export async function openCard(page: Page, id: string): Promise<void> {
  await cell(page, id, 'id').focus()
  await page.keyboard.press('Enter')
  await card(page, id).waitFor()
}

/** Opens the card and types another name; nothing is saved. */
export async function draftName(page: Page, id: string, name: string): Promise<void> {
  await openCard(page, id)
  await cardInput(page, 'name').fill(name)
}

export const save = (page: Page): Promise<void> => page.getByRole('button', { name: 'Save' }).click()
export const isSaved = (page: Page, id: string): Promise<void> => card(page, id).getByText('Saved.').waitFor()

/** Chooses in a conflict what was typed here, and saves it. */
export async function keepMine(page: Page, id: string, field: string): Promise<void> {
  await cardField(page, field).getByRole('button', { name: 'Keep mine' }).click()
  await save(page)
  await isSaved(page, id)
}

export const isQueuedOutOfReach = (page: Page, id: string): Promise<void> =>
  card(page, id)
    .getByText(/^Queued \d+ s ago: the database is out of reach/)
    .waitFor()

/** Opens the list of what waits. */
export async function openQueue(page: Page): Promise<Locator> {
  await page.locator('.strip [data-part="pending"]').click()
  return page.getByRole('region', { name: 'Queue' })
}
