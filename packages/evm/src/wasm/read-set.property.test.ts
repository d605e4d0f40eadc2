import { expect, test } from 'vitest'
import { bytesToHex } from '../bytes.ts'
import type { BlockEnv, EvmResult } from '../engine.ts'
import { caller, contracts, delegator, hooked, makeProgram, wallet } from '../testing/program.ts'
import { Random } from '../testing/random.ts'
import { createWasmEvm } from './wasm-evm.ts'

const accounts = [...contracts, delegator, wallet]

test.each([
  ['interpreter', 1500],
  ['compiled', 700],
] as const)(
  '[EV6] changing all that a call did not read leaves its result as it was: %s',
  { timeout: 120_000 },
  async (tier, programs) => {
    for (let index = 0; index < programs; index++) {
      if (index % 500 === 0) evm = await newEngine(tier)
      const random = new Random(7, index)
      const program = makeProgram(7, index)
      program.codes.forEach((code, at) => evm.setCode(contracts[at] ?? wallet, code))
      setBlock(random, undefined)
      const run = (): EvmResult =>
        evm.staticCall({ to: contracts[0], from: caller, data: program.data, gas: program.gas })
      const before = run()
      disturb(random, before)
      expect(run(), `program ${index}`).toEqual(before)
    }
  },
)

let evm = await newEngine('interpreter')

async function newEngine(tier: 'interpreter' | 'compiled') {
  const made = await createWasmEvm({ unknown: 'empty', tier })
  made.setCode(delegator, `0xef0100${contracts[1].slice(2)}`)
  made.setHook(hooked, ({ data }) => ({ status: 'ok', output: data }))
  return made
}

/** Changes every account, slot and block field outside the read set. */
function disturb(random: Random, { reads }: EvmResult): void {
  for (const address of accounts) {
    if (!reads.accounts.includes(address)) {
      evm.setCode(address, random.bytes(40))
      evm.setBalance(address, BigInt(random.below(1000)))
    }
    for (let slot = 0n; slot < 45n; slot++) {
      const key = bytesToHex(Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? Number(slot) : 0)))
      if (!reads.slots.some(([owner, read]) => owner === address && read === key)) {
        evm.setStorage(address, slot, BigInt(random.next()))
      }
    }
  }
  evm.setCode(delegator, `0xef0100${contracts[1].slice(2)}`)
  setBlock(random, reads)
}

let block: BlockEnv

function setBlock(random: Random, keep: EvmResult['reads'] | undefined): void {
  const other = BigInt(random.below(1_000_000))
  const fields = {
    baseFee: other,
    blobBaseFee: other + 1n,
    gasLimit: other + 2n,
    prevRandao: other + 3n,
    blockHashes: new Map(Array.from({ length: 256 }, (_, at) => [BigInt(at + 244), other + BigInt(at)])),
  }
  // The coinbase is warm from the start, so a new one is another price: it belongs to the block that is kept.
  block = {
    number: keep?.number === false ? 500n + other : (block?.number ?? 500n),
    timestamp: keep?.time === false ? other : (block?.timestamp ?? 9n),
    chainId: 1n,
    ...(keep?.block === true ? block : fields),
    ...(keep === undefined ? { number: 500n } : {}),
  }
  if (keep?.block === true) {
    block = {
      ...block,
      number: keep.number ? block.number : 500n,
      timestamp: keep.time ? block.timestamp : other,
    }
  }
  evm.setBlock(block)
}
