import type { EvmEngine, EvmResult, StaticCall } from '../engine.ts'
import { applyChange } from '../state-log.ts'
import { createWasmEvm } from '../wasm/wasm-evm.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { packResults, unpackCalls } from './packing.ts'
import { workerScope } from './worker-scope.ts'

/** Options of {@link servePool}. */
export type ServePoolOptions = {
  /** Sets what cannot cross to a worker, such as hooks, on its engine before it is used. */
  readonly setUp?: ((engine: EvmEngine) => void) | undefined
}

/** Makes the worker it is called in serve a pool. Needed only in a worker module of your own. */
export function servePool(options: ServePoolOptions = {}): void {
  const scope = workerScope()
  let engine: Promise<EvmEngine> | undefined
  // Messages are handled one after the other, though the first of them takes a while.
  let last: Promise<void> = Promise.resolve()
  scope.onMessage((message) => {
    last = last
      // Only a pool posts to its workers.
      .then(() => handle(message as ToWorker))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        scope.post({ kind: 'broken', reason } satisfies FromWorker)
      })
  })

  async function handle(message: ToWorker): Promise<void> {
    if (message.kind === 'start') {
      engine = createWasmEvm(message.options)
      options.setUp?.(await engine)
      scope.post({ kind: 'ready' } satisfies FromWorker)
      return
    }
    const ready = await engine
    if (ready === undefined) return
    if (message.kind === 'state') {
      for (const change of message.changes) applyChange(ready, change)
      return
    }
    const packed = packResults(unpackCalls(message, message.count).map((call) => run(ready, call)))
    scope.post({ kind: 'results', batch: message.batch, ...packed } satisfies FromWorker, [
      packed.block.buffer,
    ])
  }
}

function run(engine: EvmEngine, call: StaticCall): EvmResult {
  try {
    return engine.staticCall(call)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const reads = { time: false, number: false, block: false, slots: [], accounts: [] }
    return { status: 'unsupported', output: new Uint8Array(0), gasUsed: 0n, reads, reason }
  }
}
