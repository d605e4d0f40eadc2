/**
 * What a level means: `error` the caller sees it too; `warn` we recovered;
 * `info` life cycle; `debug` hits, misses, queue, events; `trace` bodies [X3].
 */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace'

export type LogFields = { readonly [field: string]: string | number | boolean | undefined }

/** Where log lines go. Never given secrets, and row bodies only at `trace` [X4]. */
export interface Log {
  /** Whether a line of this level would be kept; ask before building costly fields. */
  enabled(level: LogLevel): boolean
  write(level: LogLevel, target: string, message: string, fields?: LogFields): void
}

/** The default: silent. */
export const silentLog: Log = { enabled: () => false, write: () => {} }

const severity: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3, trace: 4 }

/** Lines of `level` and more severe, each written as one line of text: `target message key=value …`. */
export function lineLog(level: LogLevel, writeLine: (line: string) => void): Log {
  const enabled = (asked: LogLevel): boolean => severity[asked] <= severity[level]
  return {
    enabled,
    write(asked, target, message, fields = {}) {
      if (!enabled(asked)) return
      const pairs = Object.entries(fields).filter(([, value]) => value !== undefined)
      const text = pairs.map(([key, value]) => ` ${key}=${String(value)}`).join('')
      writeLine(`${asked} ${target} ${message}${text}`)
    },
  }
}

/** The level that `FRESHET_LOG` names, if it names one. */
export function logLevelFrom(text: string | undefined): LogLevel | undefined {
  const known: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace']
  return known.find((level) => level === text)
}
