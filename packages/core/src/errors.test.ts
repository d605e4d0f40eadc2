import { expect, test } from 'vitest'
import { asFreshetError, FreshetError } from './errors.ts'

test('[X1] every error has a code, a kind, whether to try again, and its cause', () => {
  const cause = new TypeError('fetch failed')
  const error = asFreshetError(cause, { code: 'sync/lost', kind: 'remote', retryable: true })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({
    name: 'FreshetError',
    code: 'sync/lost',
    kind: 'remote',
    retryable: true,
    message: 'fetch failed',
    cause,
  })
  expect(asFreshetError(error, { code: 'other/code', kind: 'internal' })).toBe(error)
  expect(asFreshetError('a string', { code: 'a/b', kind: 'usage' })).toMatchObject({
    message: 'a string',
    retryable: false,
  })
  expect(Object.hasOwn(new FreshetError({ code: 'a/b', kind: 'usage', message: 'x' }), 'cause')).toBe(false)
})
