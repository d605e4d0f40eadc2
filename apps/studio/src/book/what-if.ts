import type { OrderReplica } from '@freshet/cli/studio'
import {
  openReplayWorkers,
  startReplayWorker,
  type ReplayBook,
  type ReplayMoment,
  type ReplayPort,
  type ReplayWorkers,
} from '@freshet/raindex/client'
import type { Address, Mutation } from '@freshet/raindex/engine'
import { hexToFloat, parse, type Float } from '@freshet/raindex/float'

/** A pair as it would be quoted later, to somebody else, or with other balances. */
export type WhatIfQuestion = {
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  readonly counterparty: Address
  readonly afterSeconds: number
  /** By `vaultKey`; the others are as they are. Exact decimals. */
  readonly balances: ReadonlyMap<string, string>
}

/** Quotes a copy of an order's state in a worker. Nothing is asked of any server. */
export type WhatIf = {
  ask(question: WhatIfQuestion): Promise<ReplayMoment>
  close(): void
}

export const mostSecondsLater = 3_600

export function vaultKey({ token, vaultId }: { readonly token: string; readonly vaultId: string }): string {
  return `${token}/${vaultId}`
}

/** An amount that a vault can hold; undefined where the text is none. */
export function amountOf(text: string): Float | undefined {
  if (!/^\d{1,40}(\.\d{1,40})?$/.test(text)) return undefined
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

/** The state is the whole history: one block, behind which nothing happens. */
export function createWhatIf(replica: OrderReplica): WhatIf {
  // One for all balances: to start another would be slower, and would need the network.
  const worker = createSharedWorker()
  let opened: { readonly key: string; readonly replay: Promise<ReplayWorkers> } | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const openFor = (balances: WhatIfQuestion['balances']): Promise<ReplayWorkers> => {
    const key = JSON.stringify([...balances])
    if (opened?.key !== key) {
      const book = bookOf(replica, balances)
      opened = { key, replay: openReplayWorkers(book, { startWorker: worker.port }) }
    }
    return opened.replay
  }
  return {
    ask({ afterSeconds, balances, ...pair }) {
      const { order, env } = replica
      const answer = turn.then(async () => {
        const replay = await openFor(balances)
        return replay.inspect({ order: order.hash, ...pair }, env.timestamp + afterSeconds)
      })
      turn = answer.catch(() => undefined)
      return answer
    },
    close: worker.end,
  }
}

/** A worker that outlives the replays it is given to, one after the other. */
function createSharedWorker() {
  const worker = startReplayWorker()
  let hear: (message: unknown) => void = () => undefined
  let fail: (cause: unknown) => void = () => undefined
  worker.onMessage((message) => hear(message))
  worker.onFailure((cause) => fail(cause))
  return {
    port: (): ReplayPort => ({
      post: (message) => worker.post(message),
      onMessage: (listener) => void (hear = listener),
      onFailure: (listener) => void (fail = listener),
      terminate: () => undefined,
    }),
    end: () => worker.terminate(),
  }
}

function bookOf(replica: OrderReplica, balances: WhatIfQuestion['balances']): ReplayBook {
  const { orderbook, chainId, tokens, code, env } = replica
  const { blockNumber: number, timestamp } = env
  return {
    ...{ orderbook, chainId, tokens, code },
    // As if a block came each second.
    head: { number: number + mostSecondsLater, timestamp: timestamp + mostSecondsLater },
    source: {
      kind: 'blocks',
      blocks: [{ number, timestamp, mutations: stateOf(replica, balances), events: [] }],
    },
  }
}

function stateOf(
  { order, vaults, store }: OrderReplica,
  balances: WhatIfQuestion['balances'],
): readonly Mutation[] {
  const { owner } = order
  const deltas = vaults.map(({ token, vaultId, balance }) => {
    const wanted = balances.get(vaultKey({ token, vaultId }))
    return { owner, token, vaultId, delta: amountOf(wanted ?? '') ?? hexToFloat(balance) }
  })
  const sets = store.map(({ store: address, fqn, key, value }) => ({
    store: address,
    fqn,
    kvs: [{ key, value }],
  }))
  return [
    { kind: 'setOrders', orders: [order] },
    { kind: 'vaultDeltas', deltas },
    { kind: 'applyStore', sets },
  ]
}
