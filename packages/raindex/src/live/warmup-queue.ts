import type { Value } from '@freshet/core'
import { mutationFromJson, mutationToJson, type Mutation, type PendingEnvelope } from '../engine/index.ts'

/** An envelope that waits for code, by its number. */
type WaitingEnvelope = { readonly needs: readonly string[]; readonly mutations: readonly Mutation[] }

/**
 * The envelopes that wait, as the replica has parked them.
 *
 * The replica decides what waits and what goes; this is the list of it, to be
 * shown and to go into snapshots.
 */
export type BytecodeWarmupQueue = {
  readonly size: number
  add(number: number, envelope: WaitingEnvelope): void
  remove(number: number): void
  /** Forgets what comes after a number. */
  dropAfter(number: number): void
  envelopes(): readonly WaitingEnvelope[]
  toJson(): readonly PendingEnvelope[]
  /** As a value for the replica's checkpoint. */
  toValue(): Value
  /** Remembers how it stands; the returned function goes back to it. */
  save(): () => void
}

/** @param kept - What `toValue` gave before a restart. */
export function createBytecodeWarmupQueue(kept?: Value): BytecodeWarmupQueue {
  let waiting = new Map<number, WaitingEnvelope>(readKept(kept))
  const toJson = ({ needs, mutations }: WaitingEnvelope): PendingEnvelope => ({
    needs,
    mutations: mutations.map(mutationToJson),
  })
  return {
    get size() {
      return waiting.size
    },
    add: (number, envelope) => void waiting.set(number, envelope),
    remove: (number) => void waiting.delete(number),
    dropAfter(number) {
      for (const key of waiting.keys()) if (key > number) waiting.delete(key)
    },
    envelopes: () => [...waiting.values()],
    toJson: () => [...waiting.values()].map(toJson),
    // As text: the checkpoint needs no second way to write mutations.
    toValue: () => JSON.stringify([...waiting].map(([number, envelope]) => [number, toJson(envelope)])),
    save() {
      const saved = new Map(waiting)
      return () => {
        waiting = saved
      }
    },
  }
}

function readKept(kept: Value | undefined): [number, WaitingEnvelope][] {
  if (typeof kept !== 'string') return []
  // Written by toValue.
  const entries = JSON.parse(kept) as readonly (readonly [number, PendingEnvelope])[]
  return entries.map(([number, { needs, mutations }]) => {
    return [number, { needs, mutations: mutations.map((mutation) => mutationFromJson(mutation)) }]
  })
}
