import type { Locator, Page } from 'playwright'

const marks = {
  changed: '[data-changed]',
  confirmed: '[data-write="confirmed"]',
  draft: '[data-draft]',
  kept: '[data-write="pending"][data-kept]',
  pending: '[data-write="pending"]',
  refused: '[aria-invalid="true"]',
} as const

export function cell(page: Page, id: string, field: string): Locator {
  return page.locator(`.cell[data-row="${id}"][data-field="${field}"]`)
}

/** The cell, once it says this of its value. */
export function marked(page: Page, id: string, field: string, mark: keyof typeof marks): Locator {
  return cell(page, id, field).and(page.locator(marks[mark]))
}

/** Does something, and sees what it brings about though that goes again soon after. */
export async function toSee(passing: Locator, act: () => Promise<unknown>): Promise<void> {
  await Promise.all([passing.waitFor(), act()])
}

/** The ids of the rows on the page, in their order. */
export const shownIds = (page: Page): Promise<string[]> => page.locator('tbody th').allTextContents()

export async function edit(page: Page, id: string, field: string, text: string): Promise<void> {
  await cell(page, id, field).dblclick()
  await replaceText(page, text)
  await page.keyboard.press('Enter')
}

/** Types over what the editor holds. */
export async function replaceText(page: Page, text: string): Promise<void> {
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type(text)
}

export function strip(page: Page, part: string): Locator {
  return page.locator(`.strip [data-part="${part}"]`)
}

export const isLive = (page: Page): Promise<void> => page.locator('.strip[data-state="live"]').waitFor()
export const isRetrying = (page: Page): Promise<void> =>
  page.locator('.strip[data-state="retrying"]').waitFor()
