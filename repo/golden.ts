import { goldenFolder, readGolden } from '../packages/raindex/src/testing/golden-folder.ts'
import { goldenChecks } from '../packages/raindex/src/testing/golden.ts'
import { contractsFolder } from '../packages/raindex/src/testing/real-contracts.ts'

const mostShown = 20

/**
 * Compares the order book with the data recorded from the real contracts and prints
 * `golden: N checked, M differences` last.
 *
 * @returns Exit code: 0 without differences, 1 with some or when no recorded file was there.
 */
async function runGolden(): Promise<number> {
  let checked = 0
  let differences = 0
  for (const { title, file, compare } of goldenChecks) {
    const text = readGolden(file)
    if (text === undefined) {
      console.log(`${file}: skipped, it is not in ${goldenFolder()}. Set FRESHET_RAINDEX_DATA.`)
      continue
    }
    const result = await compare(text, readGolden)
    if (result.skipped !== undefined) {
      console.log(`${file}: skipped, ${result.skipped}.`)
      continue
    }
    console.log(`${file}: ${result.checked} checked, ${result.differences.length} differences. ${title}`)
    for (const difference of result.differences.slice(0, mostShown)) console.log(`  ${difference}`)
    checked += result.checked
    differences += result.differences.length
  }
  if (contractsFolder() === undefined) {
    console.log(
      'real contracts: skipped. Set FRESHET_RAIN_CONTRACTS to a folder of {name, address, runtime} files.',
    )
  }
  console.log(`golden: ${checked} checked, ${differences} differences`)
  return checked > 0 && differences === 0 ? 0 : 1
}

process.exitCode = await runGolden()
