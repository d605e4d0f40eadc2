import type { TableStats } from './table-stats.ts'

/** A read under way, and what changed meanwhile. */
export type Flight = {
  /** Ids that changed since the read was sent; `all` when anything may have. */
  readonly crossed: ReadonlySet<string> | 'all'
}

/** Reads under way: equal ones share one [R5]. */
export type ReadFlights = {
  /**
   * Runs `work`, or joins the equal read that is under way.
   *
   * @param key - Names what is read and of which state of knowledge: a read that
   *   begins after an invalidation does not join one from before it.
   */
  share<T>(key: string, work: (flight: Flight) => Promise<T>): Promise<T>
  noteChanged(ids: readonly string[] | 'all'): void
}

export function createReadFlights(stats: TableStats): ReadFlights {
  const shared = new Map<string, Promise<unknown>>()
  const flying = new Set<{ crossed: Set<string> | 'all' }>()

  const fly = async <T>(work: (flight: Flight) => Promise<T>): Promise<T> => {
    const flight = { crossed: new Set<string>() as Set<string> | 'all' }
    flying.add(flight)
    try {
      return await work(flight)
    } finally {
      flying.delete(flight)
    }
  }
  return {
    async share<T>(key: string, work: (flight: Flight) => Promise<T>): Promise<T> {
      const under = shared.get(key)
      if (under !== undefined) {
        stats.coalesced += 1
        // Only reads of the same kind have the same key.
        return under as Promise<T>
      }
      const read = fly(work).finally(() => {
        if (shared.get(key) === read) shared.delete(key)
      })
      shared.set(key, read)
      return read
    },
    noteChanged(ids) {
      for (const flight of flying) {
        if (ids === 'all' || flight.crossed === 'all') flight.crossed = 'all'
        else for (const id of ids) flight.crossed.add(id)
      }
    },
  }
}
