import type { Clock } from '@freshet/core'

/** What a command line talks to. */
export interface Io {
  /** One line, or several, of what was asked for. */
  out(text: string): void
  /** One line for the person: notes, mistakes, progress. */
  err(text: string): void
  /** Rewrites one line of progress, an empty text removes it; absent where no person is watching. */
  readonly progress?: ((text: string) => void) | undefined
  /** Whether what is written may have colours and is shown as it comes. */
  readonly isTerminal: boolean
  readonly env: { readonly [name: string]: string | undefined }
  /** Aborted by Ctrl-C; only what runs until then asks for it. */
  interrupted(): AbortSignal
  readonly clock: Clock
}

/** Whether the person wants colours: https://no-color.org. */
export function wantsColour({ isTerminal, env }: Io): boolean {
  return isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
