import { metrics, SpanStatusCode, trace, type Counter, type Meter, type Tracer } from '@opentelemetry/api'
import type { Telemetry } from './telemetry.ts'

export type OpenTelemetryOptions = {
  /** Default: the global provider's tracer `freshet`. */
  readonly tracer?: Tracer | undefined
  /** Default: the global provider's meter `freshet`. */
  readonly meter?: Meter | undefined
}

/**
 * Hands spans and counters to OpenTelemetry. Without an SDK registered it does nothing.
 *
 * A provider that throws is the host's fault and stops no work of ours: the
 * span or the count is lost.
 *
 * @see https://opentelemetry.io/docs/specs/otel/
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  const { tracer = trace.getTracer('freshet'), meter = metrics.getMeter('freshet') } = options
  const counters = new Map<string, Counter>()
  const counterOf = (name: string): Counter => {
    const known = counters.get(name)
    if (known !== undefined) return known
    const counter = meter.createCounter(name)
    counters.set(name, counter)
    return counter
  }
  return {
    span(name, attributes = {}) {
      const span = attempt(() => tracer.startSpan(name, { attributes }))
      return {
        end(error) {
          attempt(() => {
            if (error !== undefined) {
              const failure = error instanceof Error ? error : new Error('The work failed.', { cause: error })
              span?.recordException(failure)
              span?.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
            }
            span?.end()
          })
        },
      }
    },
    count(name, amount, attributes) {
      attempt(() => counterOf(name).add(amount, attributes))
    },
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
