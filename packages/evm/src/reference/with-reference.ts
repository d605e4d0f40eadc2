import type { AsyncEvmEngine, EngineOptions, EvmEngine, EvmResult, StaticCall } from '../engine.ts'
import { applyChange, StateLog, stateRecorder } from '../state-log.ts'
import { createReferenceEvm } from './create-reference.ts'

/** A call that two engines answered differently. */
export type Divergence = {
  readonly call: StaticCall
  readonly engine: EvmResult
  readonly reference: EvmResult
}

/** Options of {@link withReference}; the engine options must be those of the engine. */
export type WithReferenceOptions = EngineOptions & {
  /** Runs one call in this many on the reference engine too. Default 0: none. */
  readonly auditEvery?: number | undefined
  readonly onDivergence?: ((divergence: Divergence) => void) | undefined
  /** Makes the reference engine when it is first needed. Default {@link createReferenceEvm}. */
  readonly loadReference?: ((options: EngineOptions) => Promise<AsyncEvmEngine>) | undefined
}

/**
 * Puts the reference engine behind another: it runs what that one does not support, and audits one call in
 * `auditEvery`. Where the two differ, the reference is believed and the divergence reported.
 *
 * All state must be set here, not on the engine: it is kept a second time, to bring the reference up to it.
 */
export function withReference(engine: EvmEngine, options: WithReferenceOptions = {}): AsyncEvmEngine {
  const { auditEvery = 0, onDivergence, loadReference = createReferenceEvm } = options
  const log = new StateLog()
  let reference: AsyncEvmEngine | undefined
  let last: Promise<unknown> = Promise.resolve()
  let calls = 0

  async function ask(call: StaticCall): Promise<EvmResult> {
    if (reference === undefined) {
      const loaded = await loadReference(options)
      for (const change of log.changes()) applyChange(loaded, change)
      reference = loaded
    }
    return reference.staticCall(call)
  }

  /** Calls of the reference engine must not overlap. */
  function askInTurn(call: StaticCall): Promise<EvmResult> {
    const answer = last.then(() => ask(call))
    last = answer.catch(() => {})
    return answer
  }

  return {
    ...stateRecorder((change) => {
      applyChange(engine, change)
      log.record(change)
      if (reference !== undefined) applyChange(reference, change)
    }),
    name: `${engine.name} with reference`,
    staticCall: async (call) => {
      const result = engine.staticCall(call)
      if (result.status === 'unsupported') return askInTurn(call)
      if (auditEvery === 0 || ++calls % auditEvery !== 0) return result
      const expected = await askInTurn(call)
      if (isSameResult(result, expected)) return result
      onDivergence?.({ call, engine: result, reference: expected })
      return expected
    },
  }
}

function isSameResult(left: EvmResult, right: EvmResult): boolean {
  return (
    left.status === right.status &&
    left.gasUsed === right.gasUsed &&
    left.output.length === right.output.length &&
    left.output.every((byte, index) => byte === right.output[index])
  )
}
