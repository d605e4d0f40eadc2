import type { BrowserContext, ConsoleMessage, Page } from 'playwright'

/** Pages in one browser, and what they did that they must not. */
export type Visit = {
  readonly trouble: readonly string[]
  /** Asking for an address that begins like none of `own` is trouble. */
  openPage(url: string, own: readonly string[]): Promise<Page>
  /** Closes the browser, and goes on in another. */
  moveTo(open: () => Promise<BrowserContext>): Promise<void>
  close(): Promise<void>
  /** Closes the browser, and throws when there was trouble. */
  closeQuiet(): Promise<void>
}

export function beginVisit(first: BrowserContext, isTrouble: (line: ConsoleMessage) => boolean): Visit {
  const trouble: string[] = []
  let context = first
  return {
    trouble,
    async openPage(url, own) {
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      page.on('pageerror', (error) => trouble.push(error.message))
      page.on('console', (line) => {
        if (isTrouble(line)) trouble.push(line.text())
      })
      page.on('request', (request) => {
        const asked = request.url()
        if (!own.some((beginning) => asked.startsWith(beginning))) trouble.push(`asked for ${asked}`)
      })
      await page.goto(url)
      return page
    },
    async moveTo(open) {
      await context.close()
      context = await open()
    },
    close: () => context.close(),
    async closeQuiet() {
      await context.close()
      if (trouble.length > 0) throw new Error(trouble.join('\n'))
    },
  }
}

export const isError = (line: ConsoleMessage): boolean => line.type() === 'error'

/** For pages whose database is away: that a connection failed is an error of the console, too. */
export const isRefusedByPolicy = (line: ConsoleMessage): boolean =>
  /content security policy/i.test(line.text())
