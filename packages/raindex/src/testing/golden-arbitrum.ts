import {
  createRaindexProjection,
  readRpcLog,
  replayLogs,
  vaultRowId,
  type Address,
  type Bytes32,
  type LogReplay,
  type VaultDelta,
} from '../engine/index.ts'
import { display, eq, floatToHex, isZero, parse, zero, type Float } from '../float/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'
import { createMapDraft, type MapDraft } from './map-draft.ts'

const expectedFile = 'real-arbitrum-v5-expected.json'

/** Logs of a real order book on Arbitrum One against what a replay of them must give, change by change. */
export const goldenArbitrum: GoldenCheck = {
  title: '[RX8] a replay of a real order book gives its orders and each balance of its history',
  file: 'real-arbitrum-v5-raw-events.ndjson',
  compare(text, readOther) {
    const expected = readOther(expectedFile)
    if (expected === undefined) return { checked: 0, differences: [`${expectedFile} is missing`] }
    const logs = text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    // Recorded data of a documented shape; a field of another one comes out as a difference.
    return compareReplay(logs, JSON.parse(expected) as Expected)
  },
}

type Balance = {
  readonly owner: Address
  readonly token: Address
  readonly vaultId: Bytes32
  readonly balance?: string
  readonly balanceAfter?: string
  readonly exactDecimal?: string
  readonly exactAfter?: string
}

type Expected = {
  readonly orderbook: Address
  readonly tokens: readonly { readonly address: Address; readonly decimals: number }[]
  readonly counts: Readonly<Record<string, number>>
  readonly liveOrderHashes: readonly Bytes32[]
  readonly finalVaults: readonly Balance[]
  readonly vaultHistory: readonly Balance[]
}

function compareReplay(logs: readonly unknown[], expected: Expected): GoldenResult {
  const decimals = new Map(expected.tokens.map((token): [string, number] => [token.address, token.decimals]))
  const replay = replayLogs(
    logs.map(readRpcLog),
    { address: expected.orderbook, version: 'v5' },
    { decimalsOf: (token) => decimals.get(token) },
  )
  const draft = createMapDraft()
  const history = applyEach(replay, draft)
  const hashes = draft.rows('orders').map((row) => row['hash'])
  const rows: (readonly [what: string, got: unknown, expected: unknown])[] = [
    ...Object.entries(expected.counts).map(([event, count]) => {
      return [`number of ${event}`, new Map(Object.entries(replay.counts)).get(event), count] as const
    }),
    ['number of live orders', hashes.length, expected.liveOrderHashes.length],
    ...expected.liveOrderHashes.map((hash) => [`order ${hash}`, hashes.includes(hash), true] as const),
    ['length of the history', history.length, expected.vaultHistory.length],
    ...expected.vaultHistory.flatMap((row, i) => compareBalance(`change ${i}`, history[i], row)),
    ...expected.finalVaults.flatMap((row) => compareBalance('final vault', rowOf(draft, row), row)),
  ]
  const differences = rows.flatMap(([what, got, wanted]) =>
    got === wanted ? [] : [`${what} is ${String(got)} and not ${String(wanted)}`],
  )
  return { checked: rows.length, differences }
}

type Change = { readonly id: string; readonly balance: Float }

/** The state after each delta that moves something; of one event, what left comes before what came, as recorded. */
function applyEach(replay: LogReplay, draft: MapDraft): readonly Change[] {
  const projection = createRaindexProjection('v5')
  return replay.blocks.flatMap(({ mutations }) =>
    mutations.flatMap((mutation) => {
      if (mutation.kind !== 'vaultDeltas') {
        projection.apply(draft, [mutation])
        return []
      }
      const moving = mutation.deltas.filter(({ delta }) => !isZero(delta))
      return moving.toReversed().map((delta: VaultDelta) => {
        projection.apply(draft, [{ kind: 'vaultDeltas', deltas: [delta] }])
        return rowOf(draft, delta)
      })
    }),
  )
}

function rowOf(draft: MapDraft, vault: Pick<Balance, 'owner' | 'token' | 'vaultId'>): Change {
  const id = vaultRowId(vault.owner, vault.token, vault.vaultId)
  // Rows of vaults are written by the projection.
  const balance = draft.get('vaults', id)?.['balance'] as Float | undefined
  return { id, balance: balance ?? zero }
}

function compareBalance(
  what: string,
  got: Change | undefined,
  row: Balance,
): readonly (readonly [string, unknown, unknown])[] {
  const id = vaultRowId(row.owner, row.token, row.vaultId)
  const exact = row.exactAfter ?? row.exactDecimal ?? ''
  const sameValue = got !== undefined && eq(got.balance, parse(exact))
  return [
    [`${what}: vault`, got?.id, id],
    [`${what}: bits of ${id}`, got && floatToHex(got.balance), row.balanceAfter ?? row.balance],
    [`${what}: value of ${id}, ${got && display(got.balance)}`, sameValue, true],
  ]
}
