import { afterEach } from 'vitest'

let names = 0

/** The name of a database that no other test has. */
export function freshName(): string {
  names += 1
  return `freshet-test-${names}`
}

const undo: (() => void)[] = []
afterEach(() => {
  for (const each of undo.splice(0)) each()
})

/** Replaces a method of the engine until the test ends; `wrap` gets the original. */
export function patch(
  prototype: object,
  method: string,
  wrap: (call: () => unknown, self: unknown, args: unknown[]) => unknown,
): void {
  const original: unknown = Reflect.get(prototype, method)
  if (typeof original !== 'function') throw new TypeError(`This engine has no ${method}.`)
  const call = (self: unknown, args: unknown[]): unknown => Reflect.apply(original, self, args)
  Reflect.set(prototype, method, function patched(this: unknown, ...args: unknown[]) {
    return wrap(() => call(this, args), this, args)
  })
  undo.push(() => Reflect.set(prototype, method, original))
}

/**
 * Counts the requests that some methods of object stores make, and aborts the transaction of one of them.
 *
 * @returns `at` names the request, counted from 1; `over` ends the counting and says whether it was never made.
 */
export function abortingRequests(methods: readonly string[]): { at(request: number): void; over(): boolean } {
  let left = Infinity
  for (const method of methods) {
    patch(IDBObjectStore.prototype, method, (call, self) => {
      const request = call()
      left -= 1
      if (left === 0 && self instanceof IDBObjectStore) self.transaction.abort()
      return request
    })
  }
  return {
    at(request) {
      left = request
    },
    over() {
      const isNeverMade = left > 0
      left = Infinity
      return isNeverMade
    },
  }
}
