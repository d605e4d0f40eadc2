import { openStudioDemo, type StudioDemo } from '@freshet/cli/studio'
import type { BrowserContext, Page } from 'playwright'
import { Surreal } from 'surrealdb'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { buildStudio, buildTimeoutMs, type BuiltStudio } from './built-studio.ts'
import { isLive, isRetrying } from './table-page.ts'
import { beginVisit, isRefusedByPolicy, type Visit } from './visit.ts'

const scope = { namespace: 'demo', database: 'hill_valley' }

export type TablesStage = {
  openWindow(table: string): Promise<Page>
  /** A window that has come up to the database. */
  openLiveWindow(table: string): Promise<Page>
  /** Closes all windows with their browser; those opened next are in another one. */
  changeBrowser(open: () => Promise<BrowserContext>): Promise<void>
  closeBrowser(): Promise<void>
  /** What pages did that they must not. */
  trouble(): readonly string[]
  /** Writes as any other client of the database does. */
  writeElsewhere(statements: string): Promise<void>
  /** At the database itself, also while nobody reaches it. */
  query(statements: string): Promise<unknown>
  /** A value as the database holds it. */
  stored(id: string, field: string): Promise<string>
  stopDatabase(): Promise<void>
  /** Stops the database, and waits until this page has noticed. */
  loseDatabase(page: Page): Promise<void>
  startDatabase(): Promise<void>
}

/**
 * The real thing, new for each test of the file that calls this: the built page in a Chromium, a SurrealDB behind
 * its WebSocket, the stock SDK at both ends.
 */
export function stageTables(): TablesStage {
  let studio: BuiltStudio
  let demo: StudioDemo
  let visit: Visit

  beforeAll(async () => {
    studio = await buildStudio()
  }, buildTimeoutMs)
  afterAll(() => studio?.close())
  beforeEach(async () => {
    demo = await openStudioDemo({ app: studio.app, port: 0 })
    visit = beginVisit(await studio.openContext(), isRefusedByPolicy)
  })
  afterEach(async () => {
    await visit.close()
    await demo.close()
  })

  const openWindow = (table: string): Promise<Page> => visit.openPage(`${demo.url}#${table}`, [demo.url])
  const stopDatabase = (): Promise<void> => demo.control.perform('stop-database')
  return {
    openWindow,
    async openLiveWindow(table) {
      const page = await openWindow(table)
      await isLive(page)
      return page
    },
    changeBrowser: (open) => visit.moveTo(open),
    closeBrowser: () => visit.close(),
    trouble: () => visit.trouble,
    async writeElsewhere(statements) {
      const client = new Surreal()
      await client.connect(demo.database.url, { ...scope, reconnect: false })
      await client.query(statements)
      await client.close()
    },
    query: (statements) => demo.database.query(scope, statements),
    async stored(id, field) {
      const [value] = await demo.database.query(scope, `SELECT VALUE ${field} FROM ONLY ${id}`)
      return String(value)
    },
    stopDatabase,
    async loseDatabase(page) {
      await stopDatabase()
      await isRetrying(page)
    },
    startDatabase: () => demo.control.perform('start-database'),
  }
}
