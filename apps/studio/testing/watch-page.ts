import type { Page } from 'playwright'

/** How a page was while something happened in it. */
export type PageWatch = {
  /** The most rows that a list had in the document, at any frame. */
  readonly mostRows: number
  readonly frames: number
  readonly medianFrameMs: number
  /** Tasks of more than 50 ms. Other work of the machine makes them longer. */
  readonly longTasks: number
  readonly longestTaskMs: number
  /** What the processor did for the page, drawing included, whatever else the machine did. */
  readonly processorMs: number
}

/**
 * Watches each frame of the page while something happens.
 *
 * @param rows - Selector of what is counted.
 */
export async function watchPage(
  page: Page,
  rows: string,
  happen: () => Promise<unknown>,
): Promise<PageWatch> {
  const watch = await page.evaluateHandle((selector) => {
    const frames: number[] = []
    const tasks: number[] = []
    let mostRows = 0
    let isOver = false
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration)
    })
    observer.observe({ type: 'longtask' })
    let last = performance.now()
    requestAnimationFrame(function look(now) {
      frames.push(now - last)
      last = now
      mostRows = Math.max(mostRows, document.querySelectorAll(selector).length)
      if (!isOver) requestAnimationFrame(look)
    })
    return {
      end() {
        isOver = true
        for (const { duration } of observer.takeRecords()) tasks.push(duration)
        observer.disconnect()
        const sorted = frames.toSorted((a, b) => a - b)
        return {
          mostRows,
          frames: frames.length,
          medianFrameMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
          longTasks: tasks.length,
          longestTaskMs: Math.round(Math.max(0, ...tasks)),
        }
      },
    }
  }, rows)
  const processorMs = await processorTime(page, happen)
  return { ...(await watch.evaluate((watched) => watched.end())), processorMs }
}

/** What the processor does for the pages of the browser while something happens, in milliseconds. */
export async function processorTime(page: Page, happen: () => Promise<unknown>): Promise<number> {
  const session = await page.context().browser()?.newBrowserCDPSession()
  const spentMs = async (): Promise<number> => {
    const { processInfo = [] } = (await session?.send('SystemInfo.getProcessInfo')) ?? {}
    const seconds = processInfo
      .filter(({ type }) => type === 'renderer')
      .reduce((sum, { cpuTime }) => sum + cpuTime, 0)
    return 1_000 * seconds
  }
  const before = await spentMs()
  await happen()
  const took = (await spentMs()) - before
  await session?.detach()
  return Math.round(took)
}

/** Scrolls an element from its top to its end in so many frames. */
export function scrollThrough(page: Page, selector: string, frames: number): Promise<void> {
  return page.locator(selector).evaluate(
    (element, count) =>
      new Promise<void>((resolve) => {
        const step = (element.scrollHeight - element.clientHeight) / count
        let frame = 0
        requestAnimationFrame(function scroll() {
          element.scrollTop = Math.round(++frame * step)
          if (frame < count) requestAnimationFrame(scroll)
          else resolve()
        })
      }),
    frames,
  )
}

/** Puts so many rows into the document at once, and takes them out again: what a list that is drawn whole costs. */
export function drawWholeList(page: Page, rows: number): Promise<void> {
  return page.evaluate(
    (count) =>
      new Promise<void>((resolve) => {
        const table = document.createElement('table')
        table.className = 'grid'
        for (let row = 0; row < count; row++) {
          const line = table.insertRow()
          for (let cell = 0; cell < 9; cell++) line.insertCell().textContent = `${row} ${cell}`
        }
        document.body.append(table)
        requestAnimationFrame(() =>
          setTimeout(() => {
            table.remove()
            resolve()
          }),
        )
      }),
    rows,
  )
}
