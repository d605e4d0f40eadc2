import type { Locator, Page } from 'playwright'

export const piece = (page: Page, number: number): Locator => page.locator(`[data-piece="${number}"]`)

/** A move in the list of the window, newest first. */
export const move = (page: Page, outcome: string): Locator =>
  page.locator(`.world-moves li[data-outcome="${outcome}"]`).first()

export const isStreaming = (page: Page): Promise<void> =>
  page.locator('.strip[data-state="streaming"]').waitFor()

/** Where a piece that is yours is shown. */
export async function cellOf(page: Page, number: number): Promise<string> {
  return (await piece(page, number).getAttribute('data-cell')) ?? ''
}

/** The cells on which the board shows a piece, by the pixels in their middle for those that roam. */
export async function shownCells(page: Page, width: number, height: number): Promise<readonly string[]> {
  const drawn = await page.locator('.world-board canvas').evaluate(
    (canvas, size) => {
      const context = canvas instanceof HTMLCanvasElement ? canvas.getContext('2d') : null
      if (context === null) return []
      const {
        data,
        width: across,
        height: down,
      } = context.getImageData(0, 0, context.canvas.width, context.canvas.height)
      const cells: string[] = []
      for (let y = 0; y < size.height; y++)
        for (let x = 0; x < size.width; x++) {
          const column = Math.floor(((x + 0.5) / size.width) * across)
          const row = Math.floor(((y + 0.5) / size.height) * down)
          if ((data[(row * across + column) * 4 + 3] ?? 0) > 0) cells.push(`${x}, ${y}`)
        }
      return cells
    },
    { width, height },
  )
  const yours = await page
    .locator('.world-piece')
    .evaluateAll((pieces) => pieces.map((one) => one.getAttribute('data-cell') ?? ''))
  return [...drawn, ...yours].toSorted()
}

/** Notes each state that the strip says from now on, however short. Returns how to read them. */
export async function watchStates(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.locator('.strip .state').evaluate((strip) => {
    const seen = [strip.textContent]
    Object.assign(globalThis, { seenStates: seen })
    new MutationObserver(() => seen.push(strip.textContent)).observe(strip, {
      subtree: true,
      characterData: true,
      childList: true,
    })
  })
  return () =>
    page.evaluate(() => {
      // Put there above.
      const { seenStates } = globalThis as unknown as { readonly seenStates: readonly string[] }
      return seenStates
    })
}
