import { expect, test } from 'vitest'
import { workspaces } from './packages.ts'
import { exportedNames } from './public-exports.ts'

// What users can import, so that a change of it shows in review. After a wanted change:
// npx vitest run --project repo -u
for (const { name, folder, isPrivate, entryPoints } of workspaces()) {
  if (isPrivate) continue
  test(`the public exports of ${name} are the reviewed ones`, async () => {
    const listed = entryPoints.map(({ specifier, source }) => {
      const names = exportedNames(source).map((item) => `  ${item}\n`)
      return `${specifier}\n${names.join('')}`
    })
    await expect(listed.join('\n')).toMatchFileSnapshot(
      `public-exports/${folder.replace('packages/', '')}.txt`,
    )
  })
}
