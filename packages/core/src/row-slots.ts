import { createIdIndex } from './id-index.ts'
import type { Row } from './value.ts'

/** When and by what a row was last heard of. */
export type Stamp = {
  /** Number of the applied batch. */
  readonly seq: number
  /** The epoch in which the row was verified [S3]. */
  readonly epoch: number
  /** Milliseconds since the Unix epoch. */
  readonly nowUnixMs: number
}

/** What a source orders the states of one row by, where it has such a thing. */
export type Version = number | bigint | string

/**
 * Rows by slot, a small number that is reused once its row is gone.
 *
 * Metadata lives in typed arrays by slot, 14 B per row, never in an object per
 * row [R9]: number and epoch in 32 bits, the time in 48.
 */
export type RowSlots = {
  /** Id by slot; undefined where the slot is free. */
  readonly ids: (string | undefined)[]
  /** Visible row by slot: the confirmed one, or what a layer makes of it. */
  readonly rows: (Row | undefined)[]
  /** Slots in use. */
  used(): number
  /** The slot of an id, -1 when it has none. */
  find(id: string): number
  /** As `find`, for the writer: it asks for one id several times in a row. */
  findAgain(id: string): number
  /** Takes a slot for an id that has none. */
  take(id: string): number
  release(slot: number): void
  /** Makes room for so many rows in all, once instead of step by step. */
  reserve(total: number): void
  /** Notes that the row is as given at this stamp. */
  verify(slot: number, stamp: Stamp): void
  /** Notes that the row changed at this stamp. */
  change(slot: number, stamp: Stamp, version: Version | undefined): void
  /** There is no confirmed row in this slot. */
  forgetMeta(slot: number): void
  setVersion(slot: number, version: Version | undefined): void
  seq(slot: number): number
  epoch(slot: number): number
  fetchedAtUnixMs(slot: number): number
  version(slot: number): Version | undefined
}

export function createRowSlots(): RowSlots {
  const ids: (string | undefined)[] = []
  const rows: (Row | undefined)[] = []
  const index = createIdIndex(ids)
  const free: number[] = []
  let seqs = new Uint32Array(0)
  let epochs = new Uint32Array(0)
  let fetchedLow = new Uint32Array(0)
  let fetchedHigh = new Uint16Array(0)
  let versions: (Version | undefined)[] | undefined
  let lastId = ''
  let lastSlot = -1

  const growMeta = (length: number): void => {
    seqs = longer(seqs, new Uint32Array(length))
    epochs = longer(epochs, new Uint32Array(length))
    fetchedLow = longer(fetchedLow, new Uint32Array(length))
    fetchedHigh = longer(fetchedHigh, new Uint16Array(length))
  }
  const verify = (slot: number, { epoch, nowUnixMs }: Stamp): void => {
    epochs[slot] = epoch
    // The array keeps the low 32 bits of what it is given.
    fetchedLow[slot] = nowUnixMs
    fetchedHigh[slot] = nowUnixMs / 2 ** 32
  }
  const setVersion = (slot: number, version: Version | undefined): void => {
    if (version === undefined && !versions) return
    versions ??= []
    while (versions.length < slot) versions.push(undefined)
    versions[slot] = version
  }
  const change = (slot: number, stamp: Stamp, version: Version | undefined): void => {
    verify(slot, stamp)
    seqs[slot] = stamp.seq
    setVersion(slot, version)
  }
  const forgetMeta = (slot: number): void => change(slot, unknown, undefined)

  return {
    ids,
    rows,
    used: () => ids.length - free.length,
    find: index.find,
    findAgain(id) {
      if (lastSlot < 0 || lastId !== id) {
        lastSlot = index.find(id)
        lastId = id
      }
      return lastSlot
    },
    take(id) {
      const slot = free.pop() ?? ids.length
      ids[slot] = id
      rows[slot] = undefined
      index.add(slot)
      if (slot >= seqs.length) growMeta(Math.ceil((slot + 1) * growth))
      lastSlot = -1
      return slot
    },
    release(slot) {
      const id = ids[slot]
      if (id === undefined) return
      index.remove(id)
      ids[slot] = undefined
      rows[slot] = undefined
      forgetMeta(slot)
      free.push(slot)
      lastSlot = -1
    },
    reserve(total) {
      index.reserve(total)
      if (total > seqs.length) growMeta(total)
    },
    verify,
    change,
    forgetMeta,
    setVersion,
    seq: (slot) => seqs[slot] ?? 0,
    epoch: (slot) => epochs[slot] ?? 0,
    fetchedAtUnixMs: (slot) => (fetchedHigh[slot] ?? 0) * 2 ** 32 + (fetchedLow[slot] ?? 0),
    version: (slot) => versions?.[slot],
  }
}

function longer<A extends Uint32Array | Uint16Array>(old: A, fresh: A): A {
  fresh.set(old)
  return fresh
}

const unknown: Stamp = { seq: 0, epoch: 0, nowUnixMs: 0 }

/** Small steps: copying 14 B nine times over is cheaper than keeping a quarter of it empty. */
const growth = 1.125
