import { createIntake, createReplica, type Replica } from '@freshet/core'
import { createRaindexProjection, raindexTables, type Mutation, type Orderbook } from '../engine/index.ts'

/** An empty replica of an order book, for which all code is there. */
export function createBookReplica({ version }: Orderbook, keepPositions = 64): Replica<Mutation> {
  const projection = createRaindexProjection(version)
  return createReplica<Mutation>({
    name: 'book',
    tables: raindexTables,
    intake: createIntake({ projection, isReady: () => true, keepPositions }),
  })
}
