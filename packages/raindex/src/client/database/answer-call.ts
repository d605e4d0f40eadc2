import { translating, type DatabaseCore } from './database-core.ts'
import type { DatabaseCall } from './local-database.ts'

/** Answers a call on the thread that has the connection. */
export function answerCall(core: DatabaseCore, name: string, call: DatabaseCall): unknown {
  switch (call.kind) {
    case 'query':
      return core.query(call.sql, call.values)
    case 'close':
      return core.close()
    case 'book': {
      const { id, method, args } = call
      return translating(name, () => {
        // The tables have a method for each of the interface, with the same arguments.
        const work = core.book(id)[method] as (...given: readonly unknown[]) => unknown
        return work(...args)
      })
    }
  }
}
