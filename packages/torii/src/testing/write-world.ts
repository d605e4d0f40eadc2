import type { Row } from '@freshet/core'
import type { RecordKind } from '../wire/record-rows.ts'
import { canonicalFelt } from '../values/felt.ts'
import { moves, moved, position, type TestWorld } from './test-world.ts'
import type { WorldStep } from './world-history.ts'

/** Does to a world what a step says; one that is no write does nothing. */
export function writeWorld({ server: { world } }: TestWorld, step: WorldStep): void {
  if (step.kind === 'record') return writeRecord(world.records, step)
  if (!('player' in step)) return
  const player = canonicalFelt(step.player)
  const value = 'value' in step ? step.value : 0
  const [x, y, remaining] = [value, value * 2, BigInt(value) * 2n ** 50n]
  const directions = ['Left', 'Right', 'Up', 'Down']
  const direction = directions[value % 4] ?? 'Up'
  const tag = 'model' in step && step.model === 'moves' ? moves : position
  const id = entityOf(world.rows(tag), player)
  if (step.kind === 'position') world.set(position, { player, vec: { x, y } })
  else if (step.kind === 'moves') world.set(moves, { player, remaining, last_direction: direction })
  else if (step.kind === 'event') world.emit(moved, { player, remaining, last_direction: direction })
  else if (id === undefined) return
  else if (step.kind === 'delete') world.delete(tag, id)
  else if (step.kind === 'update') world.update(tag, id, { vec: { x, y } })
  else if (tag === position) world.writeMember(tag, id, 'vec', { x, y })
  else if (value % 2 === 0) world.writeMember(tag, id, 'remaining', remaining)
  else world.writeMember(tag, id, 'last_direction', direction)
}

function entityOf(rows: ReadonlyMap<string, Row>, player: string): string | undefined {
  for (const [id, row] of rows) if (row['player'] === player) return id
  return undefined
}

type Records = TestWorld['server']['world']['records']

function writeRecord(
  records: Records,
  { of, which, value }: { readonly of: RecordKind; readonly which: number; readonly value: number },
): void {
  const contractAddress = canonicalFelt(1 + (which % contracts))
  // Some are one of their kind, some are all alike.
  const tokenId = which % 4 === 0 ? null : BigInt(which)
  const named = { name: `${value}`, symbol: 'S', decimals: 0, metadata: '', totalSupply: null }
  switch (of) {
    case 'tokens':
      return void records.put(of, { ...named, contractAddress, tokenId })
    case 'tokenBalances':
      return void records.put(of, {
        accountAddress: canonicalFelt(100 + (which % 5)),
        contractAddress,
        tokenId,
        balance: BigInt(value) * 2n ** 200n,
      })
    case 'tokenContracts':
      return void records.put(of, {
        ...named,
        ...{ contractAddress, contractType: 'ERC721', traits: '', tokenMetadata: '' },
      })
    case 'contracts':
      return void records.put(of, {
        ...{ contractAddress, contractType: 'ERC20', head: BigInt(value), tps: null, lastBlockTimestamp: 1n },
        ...{ updatedAt: BigInt(value), createdAt: 1n },
      })
    case 'transactions':
      return void records.put(of, {
        transactionHash: canonicalFelt(which),
        senderAddress: contractAddress,
        ...{ calldata: [canonicalFelt(value)], signature: [], maxFee: 1n, nonce: 1n, blockNumber: 1n },
        ...{ transactionType: 'INVOKE', blockTimestamp: 1n, calls: [], uniqueModels: [] },
      })
  }
}

/** Of which the balances of all but the last are synchronised. */
export const contracts = 3
