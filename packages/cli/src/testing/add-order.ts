import { floatToHex, parse } from '@freshet/raindex/float'
import { op, testProgram, type LocalBook } from '@freshet/raindex/testing'

/** An order that gives at most 3, at a ratio of 1.5, from a vault that is given `amount` before. */
export async function addOrder(book: LocalBook, amount: string) {
  const [trader] = book.traders
  const [input, output] = book.tokens
  if (trader === undefined || input === undefined || output === undefined) throw new Error('no market')
  const vaultId = `0x${'1'.padStart(64, '0')}` as const
  const word = (text: string) => floatToHex(parse(text))
  const deposit = (more: string) => trader.deposit(output.address, vaultId, more)
  await deposit(amount)
  const { order, orderHash } = await trader.addOrder({
    bytecode: testProgram([op.push(word('3')), op.push(word('1.5'))]),
    inputs: [{ token: input.address, vaultId }],
    outputs: [{ token: output.address, vaultId }],
  })
  return { order, orderHash, trader, vaultId, deposit }
}
