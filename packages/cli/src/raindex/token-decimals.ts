import { decodeLog, type Address, type ChainLog } from '@freshet/raindex/engine'
import { toFixedDecimalLossy, type Float } from '@freshet/raindex/float'
import { badCall } from '../parse-call.ts'

/** Decimals that real tokens have; beyond them no withdrawal is asked. */
const mostDecimals = 77

/**
 * The decimals of tokens, which deposits need and do not tell. A withdrawal does: it names its amount both as a
 * float and as a number of the token's smallest unit, and only one power of ten leads from the one to the other.
 *
 * @param given - `TOKEN=N` of the person; it wins.
 * @throws {FreshetError} `cli/bad-call`, and what `decodeLog` throws.
 */
export function tokenDecimals(
  logs: readonly ChainLog[],
  orderbook: Address,
  given: readonly string[],
): ReadonlyMap<Address, number> {
  const decimals = new Map<Address, number>()
  for (const log of logs) {
    if (log.address !== orderbook) continue
    const event = decodeLog(log, orderbook)
    if (event.kind !== 'WithdrawV2' || decimals.has(event.token)) continue
    const found = decimalsBetween(event.withdrawAmount, event.amount)
    if (found !== undefined) decimals.set(event.token, found)
  }
  for (const text of given) decimals.set(...readGiven(text))
  return decimals
}

function decimalsBetween(float: Float, amount: bigint): number | undefined {
  // Nothing moved: every power of ten would do.
  if (amount === 0n) return undefined
  for (let decimals = 0; decimals <= mostDecimals; decimals++) {
    const { value } = toFixedDecimalLossy(float, decimals)
    if (value === amount) return decimals
    if (value > amount) return undefined
  }
  return undefined
}

function readGiven(text: string): [Address, number] {
  const [, token = '', count = ''] = /^(0x[0-9a-f]{40})=(\d{1,3})$/i.exec(text) ?? []
  const decimals = Number(count)
  if (token === '' || decimals > 255)
    throw badCall(
      `--decimals takes TOKEN=N, such as 0x82af…bab1=18, not ${JSON.stringify(text.slice(0, 80))}.`,
    )
  // Its shape was checked above.
  return [token.toLowerCase() as Address, decimals]
}
