import {
  revertDataOf,
  simulateTakeOrders,
  vaultRowId,
  type EvaluationHost,
  type Interpreter,
  type Orderbook,
  type OrderbookState,
  type TakeOrdersConfig,
  type TakeOutcome,
} from '../engine/index.ts'
import { add, floatToHex, hexToFloat, type Float } from '../float/index.ts'
import type { GoldenCheck, GoldenResult } from './golden-check.ts'
import { orderbookOf } from './golden-replay.ts'
import type { GoldenRun, GoldenTake } from './golden-run.ts'
import { checkpointState } from './golden-state.ts'
import { lacksCode, realInterpreter } from './real-contracts.ts'
import { createRecordedInterpreter } from './recorded-interpreter.ts'

const realTitle = '[RX21] [RX22] recorded takes come out bit for bit from the real contracts'
const title = '[RX21] recorded takes come out bit for bit: totals, orders, warnings, vaults, words, reverts'

/**
 * Takes on order book V6, which its run holds itself.
 *
 * @param contracts - Folder with the real contracts; without it the interpreter is answered from the recording.
 */
export function goldenTakesV6(contracts?: string): GoldenCheck {
  return {
    title: contracts ? realTitle : title,
    file: 'v6-run.json',
    async compare(text) {
      // Recorded data of a documented shape; a field of another one comes out as a difference.
      const run = JSON.parse(text) as GoldenRun
      return compareTakes(run.takes ?? [], () => run, contracts)
    },
  }
}

/** Takes on order book V5, from the checkpoints of its runs. As {@link goldenTakesV6}. */
export function goldenTakesV5(contracts?: string): GoldenCheck {
  return {
    title: contracts ? realTitle : title,
    file: 'takes-v5.json',
    async compare(text, readOther) {
      // As above.
      const { cases } = JSON.parse(text) as { readonly cases: readonly GoldenTake[] }
      const runs = new Map<string, GoldenRun | undefined>()
      const runOf = (name: string): GoldenRun | undefined => {
        if (!runs.has(name)) {
          const run = readOther(`${name}.json`)
          // As above.
          runs.set(name, run === undefined ? undefined : (JSON.parse(run) as GoldenRun))
        }
        return runs.get(name)
      }
      return compareTakes(cases, runOf, contracts)
    },
  }
}

async function compareTakes(
  takes: readonly GoldenTake[],
  runOf: (name: string) => GoldenRun | undefined,
  contracts: string | undefined,
): Promise<GoldenResult> {
  const differences: string[] = []
  const interpreters = new Map<GoldenRun, Interpreter>()
  for (const take of takes) {
    const run = runOf(take.run)
    if (run === undefined) {
      differences.push(`${take.id}: the run ${take.run} is missing`)
      continue
    }
    if (contracts !== undefined && !interpreters.has(run)) {
      const real = await realInterpreter(contracts, run)
      if (real === undefined) return { checked: 0, differences: [], skipped: lacksCode(run) }
      interpreters.set(run, real)
    }
    differences.push(...(await compareTake(run, take, interpreters.get(run))))
  }
  return { checked: takes.length, differences }
}

async function compareTake(
  run: GoldenRun,
  take: GoldenTake,
  real: Interpreter | undefined,
): Promise<readonly string[]> {
  const checkpoint = run.checkpoints[take.checkpoint]
  if (checkpoint === undefined) return [`${take.id}: checkpoint ${take.checkpoint} is missing`]
  const state = checkpointState(run, checkpoint, take.block)
  const recorded = createRecordedInterpreter(take.evals)
  const host: EvaluationHost = { orderbook: orderbookOf(run), interpreter: real ?? recorded }
  const outcome = await simulateTakeOrders(host, state, configOf(run, take))
  const differences = [...recorded.differences]
  if (real === undefined && recorded.left > 0)
    differences.push(`${recorded.left} calls of the interpreter were not made`)
  const [got, expected] = [shownOutcome(outcome, state), shownTake(take, host.orderbook.version)]
  if (got !== expected) differences.push(`is ${got} and not ${expected}`)
  return differences.map((difference) => `${take.id} (${take.label}): ${difference}`)
}

function configOf(run: GoldenRun, { config, taker }: GoldenTake): TakeOrdersConfig {
  const orders = new Map(run.orders.map(({ orderHash, order }) => [orderHash, order]))
  const amount = (v5: string | undefined, v6: string | undefined): Float => hexToFloat(v5 ?? v6 ?? '')
  return {
    orders: config.orders.map(({ orderHash, ...pair }) => ({
      order: orders.get(orderHash) ?? orderHash,
      ...pair,
    })),
    minimumIO: amount(config.minimumInput, config.minimumIO),
    maximumIO: amount(config.maximumInput, config.maximumIO),
    maximumIORatio: hexToFloat(config.maximumIORatio),
    ioIsInput: config.IOIsInput ?? true,
    taker,
  }
}

const warningNames = {
  OrderNotFound: 'OrderNotFound',
  RatioExceeded: 'OrderExceedsMaxRatio',
  ZeroAmount: 'OrderZeroAmount',
} as const

function shownOutcome(outcome: TakeOutcome, state: OrderbookState): string {
  if (outcome.kind === 'not-comparable') return revertDataOf(outcome.reason) ?? outcome.reason.kind
  const { totalInput, totalOutput, taken, warnings } = outcome
  return JSON.stringify({
    totalInput: floatToHex(totalInput),
    totalOutput: floatToHex(totalOutput),
    taken: taken.map(({ orderHash, input, output }) => [orderHash, floatToHex(input), floatToHex(output)]),
    warnings: warnings.map(({ kind, orderHash }) => [warningNames[kind], orderHash]),
    vaults: changedVaults(outcome, state),
    storeSets: outcome.mutations.flatMap((mutation) =>
      mutation.kind === 'applyStore'
        ? mutation.sets.flatMap(({ store, fqn, kvs }) =>
            kvs.map(({ key, value }) => [store, fqn, key, value]),
          )
        : [],
    ),
  })
}

function shownTake({ result, revert }: GoldenTake, version: Orderbook['version']): string {
  if (result === undefined) return revert?.data ?? ''
  return JSON.stringify({
    totalInput: result.totalInput,
    totalOutput: result.totalOutput,
    taken: result.taken.map(({ orderHash, input, output }) => [orderHash, input, output]),
    warnings: result.warnings.map(({ kind, orderHash }) => [kind, orderHash]),
    // In V6 vault 0 is a wallet: what a take moves there is not among its mutations.
    vaults: result.vaults
      .filter(({ vaultId }) => version === 'v5' || BigInt(vaultId) !== 0n)
      .map(({ owner, token, vaultId, before, after }) => [vaultRowId(owner, token, vaultId), before, after])
      .toSorted(byId),
    storeSets: result.storeSets.map(({ store, fqn, key, value }) => [store, fqn, key, value]),
  })
}

/** Balances before and after the take's mutations, where they differ. */
function changedVaults(
  outcome: Extract<TakeOutcome, { readonly kind: 'taken' }>,
  state: OrderbookState,
): readonly (readonly string[])[] {
  const before = new Map<string, Float>()
  const after = new Map<string, Float>()
  for (const mutation of outcome.mutations) {
    if (mutation.kind !== 'vaultDeltas') continue
    for (const { owner, token, vaultId, delta } of mutation.deltas) {
      const id = vaultRowId(owner, token, vaultId)
      const balance = after.get(id) ?? state.vaultBalance(owner, token, vaultId)
      if (!before.has(id)) before.set(id, balance)
      after.set(id, add(balance, delta))
    }
  }
  return [...after]
    .map(([id, balance]) => [id, floatToHex(before.get(id) ?? balance), floatToHex(balance)])
    .filter(([, from, to]) => from !== to)
    .toSorted(byId)
}

function byId([a = '']: readonly string[], [b = '']: readonly string[]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
