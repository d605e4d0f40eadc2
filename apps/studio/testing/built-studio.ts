import { chromium, type BrowserContext } from 'playwright'
import { inject } from 'vitest'
import { chromiumArgs, chromiumPath, installChromium, whyNoChromium } from '../../../repo/chromium.ts'

/** The page as it is published, and a Chromium to open it in. */
export type BuiltStudio = {
  /** The folder of the built page. */
  readonly app: string
  /** A browser in which nothing is kept yet. */
  openContext(): Promise<BrowserContext>
  close(): Promise<void>
}

/** Chromium may have to be installed first. */
export const buildTimeoutMs = 300_000

const chromiumOptions = () => ({ executablePath: chromiumPath(), args: [...chromiumArgs] })
const windowOptions = { viewport: { width: 1280, height: 800 }, colorScheme: 'light' } as const

export async function buildStudio(): Promise<BuiltStudio> {
  const missing = whyNoChromium()
  if (missing !== undefined) throw new Error(missing)
  installChromium()
  const built = await fetch(inject('studioBuild'))
  const app = await built.text()
  if (!built.ok) throw new Error(app)
  const browser = await chromium.launch(chromiumOptions())
  return {
    app,
    openContext: () => browser.newContext(windowOptions),
    close: () => browser.close(),
  }
}

/** A browser that keeps what pages store in a folder, to be opened with it again. */
export function openProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...chromiumOptions(), ...windowOptions })
}
