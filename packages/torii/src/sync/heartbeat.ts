import { delay, FreshetError, type Clock } from '@freshet/core'
import type { ReactiveToriiClient } from '../wire/torii-client.ts'

/** What the contract of the world tells of its indexer. */
export type Pulse = {
  /** When the indexer began. */
  readonly epoch: number
  readonly head: number
  /** Unix time of the latest block, in milliseconds, where the server tells it. */
  readonly blockUnixMs: number | undefined
}

/**
 * Hears how far the indexer is, and notices what a stream alone cannot: an
 * indexer that began anew, and a connection that has gone deaf. A stream of
 * gRPC-web has no sign of life of its own, so after a silence the head is asked
 * for by another connection; if it moved, this one is dead [TO19].
 *
 * @returns Never: rejects with why the connection is of no use any more.
 */
export async function hearHeartbeat(options: {
  readonly client: ReactiveToriiClient
  readonly world: string
  readonly clock: Clock
  readonly silenceMs: number
  readonly signal: AbortSignal
  onPulse(pulse: Pulse): void
}): Promise<never> {
  const { client, world, clock, silenceMs } = options
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  let last: Pulse | undefined
  let heardAt = clock.now()

  const listen = async (): Promise<never> => {
    for await (const pulse of pulses(client, world, signal)) {
      if (last && (pulse.epoch !== last.epoch || pulse.head < last.head)) throw begunAnew(world)
      last = pulse
      heardAt = clock.now()
      options.onPulse(pulse)
    }
    throw ended()
  }
  const watch = async (): Promise<never> => {
    for (;;) {
      await delay(clock, Math.max(1, heardAt + silenceMs - clock.now()), signal)
      signal.throwIfAborted()
      if (clock.now() < heardAt + silenceMs) continue
      const before = last
      const now = await firstPulse(client, world, signal)
      if (before && now.epoch !== before.epoch) throw begunAnew(world)
      if (last === before && now.head !== before?.head) throw deaf(silenceMs)
      heardAt = clock.now()
    }
  }
  const tasks = [listen(), watch()]
  try {
    return await Promise.race(tasks)
  } finally {
    ending.abort()
    await Promise.allSettled(tasks)
  }
}

async function* pulses(
  client: ReactiveToriiClient,
  world: string,
  signal: AbortSignal,
): AsyncGenerator<Pulse> {
  for await (const { createdAt, head, lastBlockTimestamp } of client.subscribeWorld(world, signal)) {
    const blockUnixMs = lastBlockTimestamp === undefined ? undefined : Number(lastBlockTimestamp) * 1_000
    yield { epoch: Number(createdAt), head: Number(head ?? 0n), blockUnixMs }
  }
}

async function firstPulse(client: ReactiveToriiClient, world: string, signal: AbortSignal): Promise<Pulse> {
  for await (const pulse of pulses(client, world, signal)) return pulse
  throw ended()
}

function begunAnew(world: string): FreshetError {
  return new FreshetError({
    code: 'torii/epoch-changed',
    kind: 'remote',
    retryable: true,
    message: `The indexer of world ${world} began anew. Everything is read again.`,
  })
}

function deaf(silenceMs: number): FreshetError {
  return new FreshetError({
    code: 'torii/deaf-stream',
    kind: 'remote',
    retryable: true,
    message: `The stream said nothing for ${silenceMs} ms while the world moved on. It is opened again.`,
  })
}

function ended(): FreshetError {
  return new FreshetError({
    code: 'torii/stream-ended',
    kind: 'remote',
    retryable: true,
    message: 'The server ended the stream. It is opened again, and what was missed is read.',
  })
}
