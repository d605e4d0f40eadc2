import type { BookReplica } from '@freshet/cli/studio'
import {
  openReplayWorkers,
  type ReplayBook,
  type ReplayMoment,
  type ReplayWorkers,
} from '@freshet/raindex/client'
import { readSnapshot, type Address, type Bytes32, type Mutation } from '@freshet/raindex/engine'
import { hexToFloat, mul, parse, sub } from '@freshet/raindex/float'

/** A pair as it would be quoted later, or with another balance in the vault that it gives from. */
type WhatIfQuestion = {
  readonly order: Bytes32
  readonly inputIOIndex: number
  readonly outputIOIndex: number
  readonly counterparty: Address
  readonly afterSeconds: number
  /** Of what is in the vault now. */
  readonly vaultPercent: number
}

/** Quotes a copy of a book's state in a worker. Nothing is asked of any server. */
export type WhatIf = {
  ask(question: WhatIfQuestion): Promise<ReplayMoment>
  close(): void
}

export const mostSecondsLater = 3_600

/** The state is the whole history: one block, behind which nothing happens. */
export function createWhatIf(replica: BookReplica): WhatIf {
  const { chainId, env } = replica.snapshot
  const { mutations } = readSnapshot(replica.snapshot, { chainId, orderbook: replica.orderbook.address })
  let opened: { readonly key: string; readonly replay: Promise<ReplayWorkers> } | undefined
  const close = (): void => {
    opened?.replay.then(
      (replay) => replay.close(),
      () => undefined,
    )
    opened = undefined
  }
  const openFor = (question: WhatIfQuestion): Promise<ReplayWorkers> => {
    const key = `${question.order} ${question.outputIOIndex} ${question.vaultPercent}`
    if (opened?.key !== key) {
      close()
      const changes = [...mutations, ...otherBalance(replica, question)]
      opened = { key, replay: openReplayWorkers(bookOf(replica, changes)) }
    }
    return opened.replay
  }
  return {
    async ask(question) {
      const { order, inputIOIndex, outputIOIndex, counterparty, afterSeconds } = question
      const replay = await openFor(question)
      return replay.inspect(
        { order, inputIOIndex, outputIOIndex, counterparty },
        env.timestamp + afterSeconds,
      )
    },
    close,
  }
}

function bookOf({ orderbook, snapshot, code }: BookReplica, mutations: readonly Mutation[]): ReplayBook {
  const { blockNumber: number, timestamp } = snapshot.env
  return {
    orderbook,
    chainId: snapshot.chainId,
    tokens: snapshot.tokenDecimals,
    // As if a block came each second.
    head: { number: number + mostSecondsLater, timestamp: timestamp + mostSecondsLater },
    source: { kind: 'blocks', blocks: [{ number, timestamp, mutations, events: [] }] },
    code,
  }
}

/** What brings the vault that the pair gives from to the balance asked for. */
function otherBalance(
  { snapshot }: BookReplica,
  { order: hash, outputIOIndex, vaultPercent }: WhatIfQuestion,
): readonly Mutation[] {
  const { order } = snapshot.orders.find((known) => known.hash === hash) ?? {}
  const io = order?.validOutputs[outputIOIndex]
  if (order === undefined || io === undefined || vaultPercent === 100) return []
  const { owner } = order
  const found = snapshot.vaultBalances.find(
    (vault) => vault.owner === owner && vault.token === io.token && vault.vaultId === io.vaultId,
  )
  if (found === undefined) return []
  const balance = hexToFloat(found.balance)
  const delta = sub(mul(balance, parse(String(vaultPercent / 100))), balance)
  return [{ kind: 'vaultDeltas', deltas: [{ owner, ...io, delta }] }]
}
