import type { TestProject } from 'vitest/node'
import type { Manifest } from '../schema/manifest.ts'
import { startDemoWorld } from './demo-world.ts'

declare module 'vitest' {
  // Read by the browser tests of this package.
  interface ProvidedContext {
    torii: { readonly url: string; readonly manifest: Manifest }
  }
}

/** Runs a demo world on a port of this machine while the browser tests run: their pages have no Node. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const demo = await startDemoWorld({ players: 1_200 })
  project.provide('torii', { url: demo.url, manifest: demo.manifest })
  // Something is to be seen moving.
  let turn = 0
  const moving = setInterval(() => demo.place(1, turn++, 1), 50)
  return async () => {
    clearInterval(moving)
    await demo.close()
  }
}
