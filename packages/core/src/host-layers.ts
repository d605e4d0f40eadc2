import { rowKeyText } from './draft.ts'
import { addLayer, dropLayer } from './layers.ts'
import type { Layer } from './overlay.ts'
import type { Replica } from './replica.ts'
import { coreOf, type ReplicaCore } from './replica-core.ts'
import type { StoreWrite } from './store.ts'
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
  add(layer: Layer, options: HostLayerOptions): HostLayer
  /** Judges the layers of the rows that have changed. */
  judge(writes: readonly StoreWrite[]): void
}

/** Shows a write of the host's own, judged by its guard [O7]. */
export function submitLayer<F>(replica: Replica<F>, layer: Layer, options: HostLayerOptions): HostLayer {
  const core = coreOf(replica)
  core.hostLayers ??= createHostLayers(core)
  return core.hostLayers.add(layer, options)
}

function createHostLayers<F>(core: ReplicaCore<F>): HostLayers {
  type Entry = {
    readonly layer: Layer
    readonly guard: HostLayerOptions['guard']
    end(outcome: LayerOutcome): void
  }
  const entries = new Map<string, Entry>()

  /** A guard that throws has not said that the write has happened. */
  const holds = (layer: Layer, guard: HostLayerOptions['guard']): boolean => {
    try {
      return guard(core.tables.collection(layer.table).confirmed(layer.id))
    } catch (error) {
      core.onListenerError(error)
      return false
    }
  }
  return {
    add(layer, { guard, timeoutMs }) {
      const { operationId } = layer
      entries.get(operationId)?.end('rolled-back')
      // What has happened already is not shown as pending, not even for one notification.
      if (holds(layer, guard)) return { operationId, settled: Promise.resolve('confirmed'), rollback() {} }
      const { promise, resolve } = Promise.withResolvers<LayerOutcome>()
      const cancelTimeout = core.clock.schedule(() => end('timed-out'), timeoutMs)
      const end = (outcome: LayerOutcome): void => {
        if (entries.get(operationId) !== entry) return
        entries.delete(operationId)
        cancelTimeout()
        dropLayer(core, operationId)
        resolve(outcome)
      }
      const entry: Entry = { layer, guard, end }
      entries.set(operationId, entry)
      addLayer(core, layer)
      return { operationId, settled: promise, rollback: () => end('rolled-back') }
    },
    judge(writes) {
      if (entries.size === 0) return
      const changed = new Set(writes.map(({ table, id }) => rowKeyText(table, id)))
      for (const { layer, guard, end } of [...entries.values()]) {
        if (changed.has(rowKeyText(layer.table, layer.id)) && holds(layer, guard)) end('confirmed')
      }
    },
  }
}
