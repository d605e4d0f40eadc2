import type { ReplayWorkers } from '@freshet/raindex/client'
import { hashOrder } from '@freshet/raindex/engine'
import { useMemo, useState, type ReactNode } from 'react'
import { shortHex } from '../book/book-words.ts'
import { PairReplay, type PairReplayProps } from './pair-replay.tsx'
import type { ReplayAddress } from './replay-address.ts'
import type { ReplaySubject } from './replay-subject.ts'
import { usePlayer } from './use-player.ts'
import { useReplayRun } from './use-replay.ts'

const stepChoices = [1, 10, 60]

export type OpenReplayProps = {
  readonly subject: ReplaySubject
  readonly replay: ReplayWorkers
  readonly address: ReplayAddress
  /** Choices that stand before the others. */
  readonly children: ReactNode
}

/** A book that can be replayed: which order, in which steps. */
export function OpenReplay({ subject, replay, address, children }: OpenReplayProps) {
  const { from, head } = subject
  const orders = useMemo(
    () => ordersToChoose(subject, replay, address.order),
    [subject, replay, address.order],
  )
  const known = orders.find(({ hash }) => hash === address.order) ?? orders[0]
  const [order, setOrder] = useState(known?.hash ?? '0x')
  const [stepSeconds, setStepSeconds] = useState(address.stepSeconds ?? 1)
  const choice = { order, from, to: head.timestamp, stepSeconds }
  const [player, step] = usePlayer(from, head.timestamp, address.time ?? from)
  return (
    <>
      <div className="tools">
        {children}
        <label>
          Order{' '}
          <select value={order} onChange={(event) => setOrder(event.target.value as typeof order)}>
            {orders.map(({ hash, name }) => (
              <option key={hash} value={hash}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Step{' '}
          <select value={stepSeconds} onChange={(event) => setStepSeconds(Number(event.target.value))}>
            {[...new Set([...stepChoices, stepSeconds])].map((seconds) => (
              <option key={seconds} value={seconds}>
                {seconds} s
              </option>
            ))}
          </select>
        </label>
        <span className="hint">{subject.title}</span>
      </div>
      {address.order !== undefined && known?.hash !== address.order && (
        <p className="replay-missing" role="alert">
          There is no order {address.order} here, so this is another one.
        </p>
      )}
      <RunOf key={`${order} ${stepSeconds}`} {...{ subject, replay, choice, player, step }} />
    </>
  )
}

/** Those that have a name, and the one that the link names, which may be any: as far as the history has them. */
function ordersToChoose({ orders }: ReplaySubject, replay: ReplayWorkers, named: string | undefined) {
  const known = replay.orders().map(hashOrder)
  const other = orders.some(({ hash }) => hash === named) ? undefined : known.find((hash) => hash === named)
  return [
    ...orders.filter(({ hash }) => known.includes(hash)),
    ...(other === undefined ? [] : [{ hash: other, name: shortHex(other) }]),
  ]
}

/** One choice: first its progress, then the replay. */
function RunOf(props: Omit<PairReplayProps, 'run'>) {
  const state = useReplayRun(props.replay, props.choice)
  switch (state.kind) {
    case 'running':
      return (
        <p className="empty" role="status">
          Quoting… <progress value={state.share} aria-label="Quoting" />
        </p>
      )
    case 'failed':
      return (
        <p className="empty" role="alert">
          {state.message}
        </p>
      )
    case 'done':
      return <PairReplay {...props} run={state.run} />
  }
}
