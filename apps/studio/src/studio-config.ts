import type { StudioConfig } from '@freshet/cli/studio'

/**
 * What the server put into the page.
 *
 * @throws {Error} when the page was not served by `freshet studio`.
 */
export function readStudioConfig(page: Document): StudioConfig {
  const text = page.getElementById('studio-config')?.textContent
  if (!text) throw new Error('This page has no configuration. Open the address that `npm start` prints.')
  // Written by our own server from this type.
  return JSON.parse(text) as StudioConfig
}
