import { FreshetError, type Clock, type RowFact } from '@freshet/core'
import type { ModelSchema } from '../schema/model-type.ts'
import type { EntityKind, ReactiveToriiClient } from '../wire/torii-client.ts'
import { pushedFacts, type OnBroken } from './entity-facts.ts'
import { hearHeartbeat, type Pulse } from './heartbeat.ts'
import type { Mailbox } from './mailbox.ts'
import { hearRecords } from './record-target.ts'
import type { ActiveTargets } from './sync-target.ts'
import type { ToriiRules } from './torii-rules.ts'

/** What a stream has told. */
export type Told = {
  readonly facts: readonly RowFact[]
  /** Of entities and event messages: which, and when it was, in Unix seconds. */
  readonly kind?: EntityKind | undefined
  readonly executedAt: number
}

export type StreamsOptions = {
  readonly client: ReactiveToriiClient
  readonly world: string
  readonly targets: ActiveTargets
  readonly clock: Clock
  readonly rules: ToriiRules
  readonly silenceMs: number
  readonly pollMs: number
  readonly pageRows: number
  readonly onBroken: OnBroken
  onPulse(pulse: Pulse): void
}

/** All subscriptions of a connection; whatever ends one ends the mailbox. */
export function openStreams(
  options: StreamsOptions,
  schemas: ReadonlyMap<string, ModelSchema>,
  mailbox: Mailbox<Told>,
  signal: AbortSignal,
) {
  const { client, world, targets, clock } = options
  const firstPulse = Promise.withResolvers<Pulse>()
  const standing: PromiseWithResolvers<void>[] = []
  const fail = (error: unknown): void => {
    mailbox.fail(error)
    firstPulse.reject(error)
    for (const { reject } of standing) reject(error)
  }
  const stands = (): (() => void) => {
    const one = Promise.withResolvers<void>()
    // Whoever awaits it is told; nobody may be by then.
    one.promise.catch(() => {})
    standing.push(one)
    return one.resolve
  }
  // Whether the connections hear of it or not.
  signal.addEventListener('abort', () => fail(signal.reason), { once: true })

  for (const kind of ['entities', 'eventMessages'] as const) {
    const tags = targets.tags(kind)
    if (tags.length > 0) hearEntities(options, kind, tags, schemas, mailbox, stands(), signal).catch(fail)
  }
  for (const target of targets.records()) {
    hearRecords({
      ...{ client, target, clock, signal, pollMs: options.pollMs, pageRows: options.pageRows },
      stands: stands(),
      put: (facts) => mailbox.put({ facts, executedAt: 0 }),
    }).catch((error: unknown) => {
      if (!isUnimplemented(error)) return fail(error)
      targets.quarantine(target.kind, error)
      fail(targetLeft(target.kind))
    })
  }
  let head = 0
  const onPulse = (pulse: Pulse): void => {
    head = pulse.head
    firstPulse.resolve(pulse)
    options.onPulse(pulse)
  }
  hearHeartbeat({ client, world, clock, silenceMs: options.silenceMs, signal, onPulse }).catch(fail)
  firstPulse.promise.catch(() => {})
  return {
    subscribed: Promise.all(standing.map(({ promise }) => promise)),
    pulse: firstPulse.promise,
    head: () => head,
  }
}

async function hearEntities(
  { client, world, targets, rules, onBroken }: StreamsOptions,
  kind: EntityKind,
  tags: readonly string[],
  schemas: ReadonlyMap<string, ModelSchema>,
  mailbox: Mailbox<Told>,
  stands: () => void,
  signal: AbortSignal,
): Promise<never> {
  for await (const push of client.subscribeEntities(world, tags, signal, kind)) {
    if (push.kind === 'subscribed') stands()
    else {
      const told = pushedFacts(push.entity, schemas, rules, onBroken)
      // A model may have been left out since.
      const facts = told.filter(({ table }) => targets.find(table))
      mailbox.put({ facts, kind, executedAt: push.entity.executedAt })
    }
  }
  throw new FreshetError({
    code: 'torii/stream-ended',
    kind: 'remote',
    retryable: true,
    message:
      'The server ended the subscription, as it does with readers that are too slow. What was missed is read.',
  })
}

/** A server that does not know a call would say so for ever. */
export function isUnimplemented(error: unknown): error is FreshetError {
  return error instanceof FreshetError && error.code === 'torii/unimplemented'
}

/** Ends a connection so that the next goes without a table. */
export function targetLeft(table: string): FreshetError {
  return new FreshetError({
    code: 'torii/target-left',
    kind: 'remote',
    retryable: true,
    message: `${table} is not synchronised any more; the others go on.`,
  })
}
