import type { Clock } from './clock.ts'
import type { Layer } from './overlay.ts'
import type { Row } from './value.ts'

/** How a layer of the host ended. */
export type LayerOutcome = 'confirmed' | 'rolled-back' | 'timed-out'

export type HostLayerOptions = {
  /** Whether the confirmed row shows that the write has happened. Sees confirmed rows only [O3]. */
  readonly guard: (confirmed: Row | undefined) => boolean
  readonly timeoutMs: number
}

/** A layer the host put on a row: volatile, judged by its guard, undone at its timeout [O7]. */
export type HostLayer = {
  readonly operationId: string
  readonly settled: Promise<LayerOutcome>
  rollback(): void
}

export type HostLayers = {
  readonly size: number
  add(layer: Layer, options: HostLayerOptions): HostLayer
  /** Judges the layers of the rows that have changed. */
  judge(changed: (table: string, id: string) => boolean): void
}

export function createHostLayers(options: {
  readonly clock: Clock
  confirmed(table: string, id: string): Row | undefined
  show(layer: Layer): void
  drop(operationId: string): void
}): HostLayers {
  type Entry = { readonly layer: Layer; readonly guard: HostLayerOptions['guard']; end(outcome: LayerOutcome): void }
  const entries = new Map<string, Entry>()

  const judgeOne = ({ layer, guard, end }: Entry): void => {
    if (guard(options.confirmed(layer.table, layer.id))) end('confirmed')
  }
  return {
    get size() {
      return entries.size
    },
    add(layer, { guard, timeoutMs }) {
      const { promise, resolve } = Promise.withResolvers<LayerOutcome>()
      const cancelTimeout = options.clock.schedule(() => end('timed-out'), timeoutMs)
      const end = (outcome: LayerOutcome): void => {
        if (!entries.delete(layer.operationId)) return
        cancelTimeout()
        options.drop(layer.operationId)
        resolve(outcome)
      }
      const entry: Entry = { layer, guard, end }
      entries.set(layer.operationId, entry)
      options.show(layer)
      judgeOne(entry)
      return { operationId: layer.operationId, settled: promise, rollback: () => end('rolled-back') }
    },
    judge(changed) {
      for (const entry of [...entries.values()]) {
        if (changed(entry.layer.table, entry.layer.id)) judgeOne(entry)
      }
    },
  }
}

