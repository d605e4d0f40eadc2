import { expect, test } from 'vitest'
import { grpcError } from './grpc-status.ts'

// Every code that gRPC has, from 1.
const expected: readonly (readonly [name: string, kind: string, retryable: boolean])[] = [
  ['cancelled', 'remote', true],
  ['unknown', 'remote', true],
  ['invalid-argument', 'protocol', false],
  ['deadline-exceeded', 'remote', true],
  ['not-found', 'remote', false],
  ['already-exists', 'remote', false],
  ['permission-denied', 'remote', false],
  ['resource-exhausted', 'remote', true],
  ['failed-precondition', 'remote', false],
  ['aborted', 'remote', true],
  ['out-of-range', 'remote', true],
  ['unimplemented', 'remote', false],
  ['internal', 'remote', true],
  ['unavailable', 'remote', true],
  ['data-loss', 'remote', false],
  ['unauthenticated', 'remote', false],
]

test('[TO10] every status of gRPC has its code, its kind, and whether it is tried again', () => {
  const met = expected.map((_, at) => grpcError('Worlds', at + 1, 'why'))
  expect(met.map(({ code, kind, retryable }) => [code.replace('torii/', ''), kind, retryable])).toEqual(
    expected,
  )
  for (const [at, { message }] of met.entries()) {
    expect(message).toContain(`answered Worlds with status ${at + 1}, "why". `)
    // What to do about it.
    expect(message.split('"why". ')[1]).toMatch(/^[A-Z].+\.$/)
  }
  expect(grpcError('Worlds', 77, '')).toMatchObject({ code: 'torii/unknown', retryable: true })
  expect(grpcError('Worlds', 13, 'x'.repeat(10_000)).message.length).toBeLessThan(500)
})
