import { asFloat } from '../../float/float.ts'
import { minus, unpack } from '../../float/index.ts'
import { hashesBytes, startOf, type LogPage } from '../chain/log-page.ts'
import { eventNumbers, takeWords } from './event-views.ts'
import { coefficientAt, countAt, exponentAt, findLists, wordAt } from '../chain/in-place.ts'
import type { VaultLedger } from './vault-ledger.ts'

const largestOpposite = 2n ** 223n

/** Reads the movements of the commonest events from their bytes, without making objects of them. */
export function createPlainMovements(vaults: VaultLedger) {
  const name = { owner: 0, token: 0, id: 0 }
  const lists = { inputs: 0, outputs: 0 }
  /** The parts of what moves. */
  const delta = { coefficient: 0n, exponent: 0 }

  const deposit = (view: DataView, data: number, block: number, index: number): void => {
    vaultOfSender(data)
    const vault = vaults.vaultAt(view, name)
    const decimals = vault === undefined ? undefined : vaults.decimals.get(vault.token)
    if (vault === undefined || typeof decimals !== 'number') return
    // Not nothing, and below 2^223: it is the coefficient.
    const amount = coefficientAt(view, data + 3 * 32)
    vaults.put(vault, amount, -decimals, 'DEPOSIT', block, index, 0)
  }
  const withdrawal = (view: DataView, data: number, block: number, index: number): void => {
    readNegative(view, data + 4 * 32)
    if (delta.coefficient === 0n) return
    vaultOfSender(data)
    const vault = vaults.vaultAt(view, name)
    if (vault !== undefined) vaults.put(vault, delta.coefficient, delta.exponent, 'WITHDRAW', block, index, 0)
  }
  const read = (view: DataView, at: number): void => {
    delta.coefficient = coefficientAt(view, at)
    delta.exponent = exponentAt(view, at)
  }
  /** What was given: the float below zero. */
  const readNegative = (view: DataView, at: number): void => {
    read(view, at)
    delta.coefficient = -delta.coefficient
    if (delta.coefficient !== largestOpposite) return
    // The one coefficient whose opposite does not fit.
    Object.assign(delta, unpack(minus(asFloat(wordAt(view, at)))))
  }
  /** Of the sender: a token and a vault are its second and third word. */
  const vaultOfSender = (data: number): void => {
    name.owner = data + 12
    name.token = data + 32 + 12
    name.id = data + 2 * 32
  }
  const take = (view: DataView, data: number, block: number, index: number): void => {
    findLists(view, data + 32 * takeWords.owner, lists)
    const input = countAt(view, data + 32 * takeWords.inputIndex)
    const output = countAt(view, data + 32 * takeWords.outputIndex)
    name.owner = data + 32 * takeWords.owner + 12
    let moved = 0
    read(view, data + 3 * 32)
    if (delta.coefficient !== 0n) moved = move(view, lists.inputs, input, 'TAKE_INPUT', block, index, moved)
    readNegative(view, data + 2 * 32)
    if (delta.coefficient !== 0n) move(view, lists.outputs, output, 'TAKE_OUTPUT', block, index, moved)
  }
  /** @returns the number of the next movement of the log. */
  const move = (
    view: DataView,
    list: number,
    item: number,
    kind: string,
    block: number,
    logIndex: number,
    index: number,
  ): number => {
    if (item >= countAt(view, list)) return index
    name.token = list + 32 + 64 * item + 12
    name.id = list + 32 + 64 * item + 32
    const vault = vaults.vaultAt(view, name)
    if (vault !== undefined)
      vaults.put(vault, delta.coefficient, delta.exponent, kind, block, logIndex, index)
    return index + 1
  }
  return {
    /** Writes the movements of a log that was found plain. */
    put(event: number, view: DataView, page: LogPage, at: number): void {
      const data = startOf(page, at) + hashesBytes
      const [block = 0, index = 0] = [page.blockNumbers[at], page.logIndexes[at]]
      if (event === eventNumbers.DepositV2) deposit(view, data, block, index)
      else if (event === eventNumbers.WithdrawV2) withdrawal(view, data, block, index)
      else if (event === eventNumbers.TakeOrderV3) take(view, data, block, index)
    },
  }
}
