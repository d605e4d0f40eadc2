import type { ComponentType } from 'react'

/** A page beside the tables. Its address is `#` and `path`, which begins with a slash, as no table's name does. */
export type StudioPage = {
  readonly path: `/${string}`
  readonly title: string
  readonly Page: ComponentType
}

export const studioPages: readonly StudioPage[] = []

/** The page an address names; what stands behind a question mark is the page's own. */
export function pageOf(hash: string): StudioPage | undefined {
  const [path] = hash.split('?', 1)
  return studioPages.find((page) => page.path === path)
}
