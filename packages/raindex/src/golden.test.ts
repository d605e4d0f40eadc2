import { expect, test } from 'vitest'
import { goldenFolder, readGolden } from './testing/golden-folder.ts'
import { goldenChecks } from './testing/golden.ts'
import { contractsFolder } from './testing/real-contracts.ts'

if (contractsFolder() === undefined) {
  console.log(
    'Skipped: the real contracts. Set FRESHET_RAIN_CONTRACTS to a folder of {name, address, runtime} files.',
  )
}

for (const { title, file, compare } of goldenChecks) {
  const text = readGolden(file)
  if (text === undefined)
    console.log(`Skipped: ${file} is not in ${goldenFolder()}. Set FRESHET_RAINDEX_DATA.`)

  test.skipIf(text === undefined)(`${title} (${file})`, async ({ skip }) => {
    const { checked, differences, skipped } = await compare(text ?? '', readGolden)
    if (skipped !== undefined) {
      console.log(`Skipped: ${skipped}.`)
      skip(skipped)
    }
    console.log(`${file}: ${checked} rows checked, ${differences.length} differences`)
    expect(differences.slice(0, 10)).toEqual([])
    expect(checked).toBeGreaterThan(0)
  })
}
