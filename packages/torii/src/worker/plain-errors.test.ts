import { FreshetError } from '@freshet/core'
import { createVirtualClock } from '@freshet/core/testing'
import { expect, test } from 'vitest'
import {
  SchemaMismatchError,
  SyncFatalError,
  TargetQuarantinedError,
  ToriiEpochChangedError,
  ToriiVersionChangedError,
} from '../client/errors.ts'
import { fromPlainError, toPlainError, type SyncError } from './plain-errors.ts'
import { firstTick } from './tick-stream.ts'

const reason = new FreshetError({
  code: 'torii/internal',
  kind: 'remote',
  retryable: true,
  message: 'It broke.',
})

const errors: readonly SyncError[] = [
  new SchemaMismatchError('Model ns-A was upgraded', 'manifest-hash:v1:b', 'manifest-hash:v1:a'),
  new ToriiVersionChangedError('1.8.15', '1.8.16'),
  new ToriiEpochChangedError(1, 2),
  new TargetQuarantinedError('ns-A', reason),
  new SyncFatalError(reason, firstTick(createVirtualClock().now())),
]

test.each(errors.map((error) => [error.name, error] as const))(
  '[TO31] %s comes over from a worker as what it was',
  (_, error) => {
    const back = fromPlainError(structuredClone(toPlainError(error)))
    expect(back).toBeInstanceOf(error.constructor)
    const facts = ({ stack: _stack, cause: _cause, ...rest }: SyncError): object => ({
      ...rest,
      message: error.message,
    })
    expect(facts(back)).toEqual(facts(error))
    expect(back.message).toBe(error.message)
  },
)
