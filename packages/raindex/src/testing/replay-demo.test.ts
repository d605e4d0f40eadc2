import { expect, test } from 'vitest'
import { replayDemo } from './replay-demo.ts'

// After a wanted change: npx vitest run --project node packages/raindex/src/testing/replay-demo.test.ts -u
test('[RP4] the recorded market of Studio is made again byte for byte', async () => {
  const file = '../../../../apps/studio/src/replay/recorded-book.generated.json'
  await expect(`${await replayDemo()}\n`).toMatchFileSnapshot(file)
})
