import { asFloat } from '../../float/float.ts'
import { fromFixedDecimalLossy, isZero, minus, type Float } from '../../float/index.ts'
import { hashesBytes, startOf, type LogPage } from '../chain/log-page.ts'
import { eventNumbers, takeWords } from './event-views.ts'
import { indexAt, isPlainTake, wordAt } from '../chain/in-place.ts'
import type { VaultLedger } from './vault-ledger.ts'

/** Reads the movements of the commonest events from their bytes, without making objects of them. */
export function createPlainMovements(vaults: VaultLedger) {
  const name = { owner: 0, token: 0, id: 0 }
  const lists = { inputs: 0, outputs: 0 }

  const deposit = (view: DataView, data: number, block: number, index: number): void => {
    vaultOfSender(data)
    const vault = vaults.vaultAt(view, name)
    const decimals = vault === undefined ? undefined : vaults.decimals.get(vault.token)
    if (vault === undefined || typeof decimals !== 'number') return
    const { float } = fromFixedDecimalLossy(wordAt(view, data + 3 * 32), decimals)
    if (!isZero(float)) vaults.put(vault, float, 'DEPOSIT', block, index, 0)
  }
  const withdrawal = (view: DataView, data: number, block: number, index: number): void => {
    const delta = minus(asFloat(wordAt(view, data + 4 * 32)))
    vaultOfSender(data)
    const vault = isZero(delta) ? undefined : vaults.vaultAt(view, name)
    if (vault !== undefined) vaults.put(vault, delta, 'WITHDRAW', block, index, 0)
  }
  /** Of the sender: a token and a vault are its second and third word. */
  const vaultOfSender = (data: number): void => {
    name.owner = data + 12
    name.token = data + 32 + 12
    name.id = data + 2 * 32
  }
  /** @returns false when it is encoded in another way, or has rows of its own. */
  const take = (view: DataView, start: number, end: number, block: number, index: number): boolean => {
    if (!isPlainTake(view, start, end, lists)) return false
    const data = start + hashesBytes
    const input = indexAt(view, data + 32 * takeWords.inputIndex)
    const output = indexAt(view, data + 32 * takeWords.outputIndex)
    if (Number.isNaN(input) || Number.isNaN(output)) return false
    name.owner = data + 32 * takeWords.owner + 12
    const taken = asFloat(wordAt(view, data + 3 * 32))
    const given = minus(asFloat(wordAt(view, data + 2 * 32)))
    let moved = 0
    if (!isZero(taken)) moved = move(view, lists.inputs, input, taken, 'TAKE_INPUT', block, index, moved)
    if (!isZero(given)) move(view, lists.outputs, output, given, 'TAKE_OUTPUT', block, index, moved)
    return true
  }
  /** @returns the number of the next movement of the log. */
  const move = (
    view: DataView,
    list: number,
    item: number,
    delta: Float,
    kind: string,
    block: number,
    logIndex: number,
    index: number,
  ): number => {
    if (item >= indexAt(view, list)) return index
    name.token = list + 32 + 64 * item + 12
    name.id = list + 32 + 64 * item + 32
    const vault = vaults.vaultAt(view, name)
    if (vault !== undefined) vaults.put(vault, delta, kind, block, logIndex, index)
    return index + 1
  }
  return {
    /**
     * Writes the movements of a log that lies in place.
     *
     * @returns false when it has to be decoded as a whole.
     */
    put(event: number, view: DataView, page: LogPage, at: number): boolean {
      const [start, end] = [startOf(page, at), page.ends[at] ?? 0]
      const [block = 0, index = 0] = [page.blockNumbers[at], page.logIndexes[at]]
      if (event === eventNumbers.DepositV2) deposit(view, start + hashesBytes, block, index)
      else if (event === eventNumbers.WithdrawV2) withdrawal(view, start + hashesBytes, block, index)
      else if (event === eventNumbers.TakeOrderV3) return take(view, start, end, block, index)
      return true
    },
  }
}
