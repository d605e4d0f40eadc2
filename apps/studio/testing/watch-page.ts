import type { Page } from 'playwright'

/** How a page was while something happened in it. */
export type PageWatch = {
  /** The most rows that a list had in the document, at any frame. */
  readonly mostRows: number
  readonly frames: number
  readonly medianFrameMs: number
  /** What the processor did in the longest task of the page, whatever else the machine did meanwhile. */
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
    let mostRows = 0
    let isOver = false
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
        const sorted = frames.toSorted((a, b) => a - b)
        return {
          mostRows,
          frames: frames.length,
          medianFrameMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
        }
      },
    }
  }, rows)
  let processorMs = 0
  const longestTaskMs = await longestTask(page, async () => {
    processorMs = await processorTime(page, happen)
  })
  return { ...(await watch.evaluate((watched) => watched.end())), longestTaskMs, processorMs }
}

/** What the processor does in the longest task of a page's thread while something happens, in milliseconds. */
async function longestTask(page: Page, happen: () => Promise<unknown>): Promise<number> {
  const browser = page.context().browser()
  await browser?.startTracing(page, { categories: ['toplevel'] })
  await happen()
  const { traceEvents = [] } = readTrace(await browser?.stopTracing())
  const pages = new Set(
    traceEvents.filter(({ args }) => args?.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`),
  )
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name.endsWith('RunTask') && pages.has(`${pid} ${tid}`),
  )
  return Math.round(tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur), 0) / 1_000)
}

/** As Chromium writes it; `tdur` is the time of the processor in microseconds. */
type Trace = {
  readonly traceEvents?: readonly {
    readonly name: string
    readonly pid: number
    readonly tid: number
    readonly tdur?: number
    readonly args?: { readonly name?: string }
  }[]
}

function readTrace(written: Buffer | undefined): Trace {
  return JSON.parse(String(written ?? '{}')) as Trace
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
