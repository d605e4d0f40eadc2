export type TelemetryAttributes = { readonly [name: string]: string | number | boolean }

/** A timed piece of work. Ended exactly once, with the error when it failed. */
export interface Span {
  end(error?: unknown): void
}

/** Spans and counters; `@freshet/core/opentelemetry` adapts it to OpenTelemetry. It must not throw. */
export interface Telemetry {
  span(name: string, attributes?: TelemetryAttributes): Span
  count(name: string, amount: number, attributes?: TelemetryAttributes): void
}

const noSpan: Span = { end: () => {} }

/** The default: nothing is measured. */
export const noTelemetry: Telemetry = { span: () => noSpan, count: () => {} }
