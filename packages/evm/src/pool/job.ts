import type { CheckedCall } from '../check-call.ts'
import type { EvmResult } from '../engine.ts'

/** What becomes of a call that the pool had. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: EvmResult }
  | { readonly kind: 'refused'; readonly error: unknown }

/** A call on its way through the pool. A class, because there is one per call: closures and promises cost more. */
export class Job {
  readonly call: CheckedCall
  /** It was with a worker that failed, so it goes with no other. */
  alone = false
  outcome: Outcome | undefined
  #ended: Promise<void> | undefined
  #wake: (() => void) | undefined
  readonly #onEnd: ((job: Job, outcome: Outcome) => void) | undefined

  constructor(call: CheckedCall, onEnd?: (job: Job, outcome: Outcome) => void) {
    this.call = call
    this.#onEnd = onEnd
  }

  settle(result: EvmResult): void {
    this.#end({ kind: 'result', result })
  }

  refuse(error: unknown): void {
    this.#end({ kind: 'refused', error })
  }

  /** Resolves when the outcome is there, whatever it is. */
  ended(): Promise<void> {
    this.#ended ??=
      this.outcome === undefined
        ? new Promise((resolve) => {
            this.#wake = resolve
          })
        : Promise.resolve()
    return this.#ended
  }

  /** The result, when it is there. */
  async done(): Promise<EvmResult> {
    if (this.outcome === undefined) await this.ended()
    return this.result()
  }

  /** The result, which must be there. */
  result(): EvmResult {
    if (this.outcome?.kind === 'result') return this.outcome.result
    throw this.outcome?.error
  }

  /** The first outcome counts. */
  #end(outcome: Outcome): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.#onEnd?.(this, outcome)
    this.#wake?.()
  }
}
