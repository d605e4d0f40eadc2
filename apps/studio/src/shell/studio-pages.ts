import { lazy, type ComponentType } from 'react'
import { replayPath } from '../replay/replay-address.ts'

/** A page beside the tables. Its address is `#` and `path`, which begins with a slash, as no table's name does. */
export type StudioPage = {
  readonly path: `/${string}`
  readonly title: string
  readonly Page: ComponentType
}

// Loaded when it is opened, with its chart.
const ReplayPage = lazy(async () => ({ default: (await import('../replay/replay-page.tsx')).ReplayPage }))

export const studioPages: readonly StudioPage[] = [{ path: replayPath, title: 'Replay', Page: ReplayPage }]

/** The page an address names; what stands behind a question mark is the page's own. */
export function pageOf(hash: string): StudioPage | undefined {
  const [path] = hash.split('?', 1)
  return studioPages.find((page) => page.path === path)
}
