import { FreshetError } from '@freshet/core'
import { RaindexClientError } from '../client-error.ts'
import type { ChainStep } from './chain-steps.ts'

/** What is remembered of earlier connections. */
export type Looks = {
  /** How often in a row logs were refused that nodes gave. */
  refused: number
  /** How often in a row nodes have not known a block by its hash. */
  hashesRefused: number
  /** Whether anything was read yet. */
  hasRead: boolean
}

/** A node that garbles logs is asked again this often; then the logs themselves are believed to be impossible. */
const mostLooks = 4

/** The steps, where logs that make no sense are read again before they stop everything. */
export async function* withSecondLook(
  steps: AsyncGenerator<ChainStep, void, undefined>,
  looks: Looks,
): AsyncGenerator<ChainStep, void, undefined> {
  try {
    for await (const step of steps) {
      if (step.kind === 'recorded' || step.kind === 'changes')
        Object.assign(looks, { refused: 0, hasRead: true })
      yield step
    }
  } catch (error) {
    if (!isRefusal(error) || ++looks.refused >= mostLooks) throw error
    const message = `${error.message} They are read again.`
    throw new RaindexClientError('ChainMoved', { message, retryable: true, cause: error })
  }
}

/** What the engine says of logs; a database on another thread says the same without the class. */
function isRefusal(error: unknown): error is FreshetError {
  return error instanceof FreshetError && refusals.has(error.code)
}

const refusals: ReadonlySet<string> = new Set([
  'raindex/bad-log',
  'raindex/unpaired-clear',
  'raindex/logs-out-of-order',
])
