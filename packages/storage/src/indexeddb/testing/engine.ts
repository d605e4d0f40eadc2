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
