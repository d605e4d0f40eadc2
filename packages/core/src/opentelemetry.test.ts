import type { Meter, Span, Tracer } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { openTelemetry } from './opentelemetry.ts'

/** An OpenTelemetry provider that keeps what it is given. */
function recorder() {
  const calls: unknown[] = []
  const span = {
    recordException: (error: unknown) => calls.push(['exception', error]),
    setStatus: (status: unknown) => calls.push(['status', status]),
    end: () => calls.push(['end']),
  }
  // Only what the adapter calls.
  const tracer = {
    startSpan(name: string, { attributes }: { attributes: unknown }) {
      calls.push(['start', name, attributes])
      return span as unknown as Span
    },
  } as unknown as Tracer
  const meter = {
    createCounter(name: string) {
      calls.push(['counter', name])
      return { add: (amount: number, attributes: unknown) => calls.push(['add', amount, attributes]) }
    },
  } as unknown as Meter
  return { calls, tracer, meter }
}

test('[X5] spans carry their attributes and end once, with the error when there is one', () => {
  const { calls, tracer, meter } = recorder()
  const telemetry = openTelemetry({ tracer, meter })
  telemetry.span('apply', { rows: 3 }).end()
  const failure = new Error('the disk is full')
  telemetry.span('commit').end(failure)
  expect(calls).toEqual([
    ['start', 'apply', { rows: 3 }],
    ['end'],
    ['start', 'commit', {}],
    ['exception', failure],
    ['status', { code: 2, message: 'the disk is full' }],
    ['end'],
  ])
})

test('[X5] one counter per name is made, and counts add up in it', () => {
  const { calls, tracer, meter } = recorder()
  const telemetry = openTelemetry({ tracer, meter })
  telemetry.count('rows', 2, { table: 'clients' })
  telemetry.count('rows', 1)
  expect(calls).toEqual([
    ['counter', 'rows'],
    ['add', 2, { table: 'clients' }],
    ['add', 1, undefined],
  ])
})

test('[X5] a provider that throws stops no work, and without one nothing happens', () => {
  const throws = (): never => {
    throw new Error('broken provider')
  }
  // Only what the adapter calls.
  const tracer = { startSpan: throws } as unknown as Tracer
  const meter = { createCounter: throws } as unknown as Meter
  for (const telemetry of [openTelemetry({ tracer, meter }), openTelemetry()]) {
    expect(() => telemetry.span('apply').end(new Error('x'))).not.toThrow()
    expect(() => telemetry.count('rows', 1)).not.toThrow()
  }
})
