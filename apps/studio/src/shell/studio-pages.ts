import type { StudioConfig } from '@freshet/cli/studio'
import { lazy, type ComponentType } from 'react'
import type { DemoLink } from '../demo/demo-link.ts'
import { replayPath } from '../replay/replay-address.ts'

export type StudioPageProps = { readonly config: StudioConfig; readonly demo: DemoLink | undefined }

/** A page beside the tables. Its address is `#` and `path`, which begins with a slash, as no table's name does. */
export type StudioPage = {
  readonly path: `/${string}`
  readonly title: string
  readonly Page: ComponentType<StudioPageProps>
}

// Loaded when they are opened, the replay with its chart.
const ReplayPage = lazy(async () => ({ default: (await import('../replay/replay-page.tsx')).ReplayPage }))

const BookPage = lazy(async () => ({ default: (await import('../book/book-page.tsx')).BookPage }))

const WorldPage = lazy(async () => ({ default: (await import('../world/world-page.tsx')).WorldPage }))

export const studioPages: readonly StudioPage[] = [
  { path: '/world', title: 'World', Page: WorldPage },
  { path: '/book', title: 'Order book', Page: BookPage },
  { path: replayPath, title: 'Replay', Page: ReplayPage },
]

/** The page an address names; what stands behind a question mark is the page's own. */
export function pageOf(hash: string): StudioPage | undefined {
  const [path] = hash.split('?', 1)
  return studioPages.find((page) => page.path === path)
}
