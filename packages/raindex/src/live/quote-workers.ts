import type { EnvRow, QuoteRun } from '../engine/index.ts'
import type { RunnableBasis } from './watched-quote.ts'

/** A quote to be made again at another block. */
export type QuoteJob = { readonly slot: number; readonly basis: RunnableBasis }

/** Threads that make quotes again when the clock has moved; see `createQuoteWorkers` in `@freshet/raindex/live/workers`. */
export interface QuoteWorkers {
  readonly size: number
  /** A number for a quote, until it is given back. */
  takeSlot(): number
  freeSlot(slot: number): void
  /**
   * Runs quotes on one of the workers, counted from 0. Never rejects.
   *
   * @returns in the order of the jobs; undefined where a quote has to be made by the caller: its program reads other
   * words than before, or the worker has failed.
   */
  run(worker: number, jobs: readonly QuoteJob[], env: EnvRow): Promise<readonly (QuoteRun | undefined)[]>
  /** Ends the workers: whoever uses them quotes by himself from then on. */
  close(): void
}
