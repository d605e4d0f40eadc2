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
  onGuardError(error: unknown): void
}): HostLayers {
  type Entry = {
    readonly layer: Layer
    readonly guard: HostLayerOptions['guard']
    end(outcome: LayerOutcome): void
  }
  const entries = new Map<string, Entry>()

  /** A guard that throws has not said that the write has happened. */
  const holds = (layer: Layer, guard: HostLayerOptions['guard']): boolean => {
    try {
      return guard(options.confirmed(layer.table, layer.id))
    } catch (error) {
      options.onGuardError(error)
      return false
    }
  }
  return {
    get size() {
      return entries.size
    },
    add(layer, { guard, timeoutMs }) {
      const { operationId } = layer
      entries.get(operationId)?.end('rolled-back')
      // What has happened already is not shown as pending, not even for one notification.
      if (holds(layer, guard)) return { operationId, settled: Promise.resolve('confirmed'), rollback() {} }
      const { promise, resolve } = Promise.withResolvers<LayerOutcome>()
      const cancelTimeout = options.clock.schedule(() => end('timed-out'), timeoutMs)
      const end = (outcome: LayerOutcome): void => {
        if (entries.get(operationId) !== entry) return
        entries.delete(operationId)
        cancelTimeout()
        options.drop(operationId)
        resolve(outcome)
      }
      const entry: Entry = { layer, guard, end }
      entries.set(operationId, entry)
      options.show(layer)
      return { operationId, settled: promise, rollback: () => end('rolled-back') }
    },
    judge(changed) {
      for (const entry of [...entries.values()]) {
        const { layer, guard, end } = entry
        if (changed(layer.table, layer.id) && holds(layer, guard)) end('confirmed')
      }
    },
  }
}
