import { delay, type Clock, type Random } from '@freshet/core'
import { frame, trailersFrame } from '../wire/frames.ts'
import type { ServerFaults } from './server-faults.ts'

/** One open subscription. */
export type ServerStream = {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  send(message: Uint8Array): void
  /** Ends it with status 0, as the server does with slow readers. */
  end(): void
  /** Resets it. */
  reset(): void
  /** From now on it says nothing and does not end. */
  silence(): void
}

/** Messages a reader may be behind by: the default of the real server. */
const maxBehind = 16_384

export function openServerStream(options: {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  faults(): ServerFaults
  onClosed(stream: ServerStream): void
}): ServerStream {
  const { clock, random, signal, faults } = options
  let open = true
  let silent = false
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  /** Messages keep their order and come late. */
  let sent: Promise<void> = Promise.resolve()

  const close = (how: (held: NonNullable<typeof controller>) => void): void => {
    if (!open) return
    open = false
    if (controller) how(controller)
    options.onClosed(stream)
  }
  const arrive = (bytes: Uint8Array<ArrayBuffer>): void => {
    if (!open || silent || !controller) return
    const { cleanEnd, brokenStream, duplicate } = faults()
    const chance = (probability: number): boolean => probability > 0 && random.next() < probability
    if (chance(cleanEnd) || (controller.desiredSize ?? 0) < -maxBehind) return stream.end()
    if (chance(brokenStream)) return stream.reset()
    controller.enqueue(bytes)
    if (chance(duplicate)) controller.enqueue(bytes)
  }
  const stream: ServerStream = {
    body: new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (given) => void (controller = given),
      cancel: () => close(() => {}),
    }),
    send(message) {
      const bytes = frame(message)
      const { maxLatencyMs } = faults()
      if (maxLatencyMs === 0) return arrive(bytes)
      const late = random.next() * maxLatencyMs
      sent = sent.then(() => delay(clock, late)).then(() => arrive(bytes))
    },
    end: () =>
      close((held) => {
        if (!silent) held.enqueue(trailersFrame(0))
        held.close()
      }),
    reset: () => close((held) => held.error(new TypeError('terminated'))),
    silence: () => void (silent = true),
  }
  signal.addEventListener('abort', () => stream.reset(), { once: true })
  if (signal.aborted) stream.reset()
  return stream
}
