import type { Locator, Page } from 'playwright'

/** The machine may be loaded. */
export const patience = { timeout: 60_000 }

/** The row of an order's first pair, by the name of the order. */
export function pairOf(page: Page, order: string): Locator {
  const name = page.locator('[data-part="order"]').getByText(order, { exact: true })
  return page.locator('.book-pairs tr').filter({ has: name }).first()
}

export const partOf = (within: Page | Locator, name: string): Locator =>
  within.locator(`[data-part="${name}"]`).first()

/** What stands in the named part of each row on screen. */
export const partsOf = (page: Page, name: string): Promise<readonly string[]> =>
  page.locator(`.book [data-part="${name}"]`).allTextContents()

/** The digits of a part, as a whole number. */
export async function numberIn(found: Locator): Promise<number> {
  return Number((await found.textContent())?.replace(/\D/g, '') ?? NaN)
}

export const whyDrawer = (page: Page): Locator => page.getByRole('complementary', { name: 'Why different?' })

/** Opens the drawer of an order's first pair, and in it a copy of the order's state. */
export async function openWhatIf(page: Page, order: string): Promise<Locator> {
  await pairOf(page, order).click()
  await whyDrawer(page).getByRole('button', { name: 'Try it here' }).click()
  const answer = partOf(page, 'what-if')
  await answer.filter({ hasText: /most|reverted/ }).waitFor()
  return answer
}
