import { FreshetError } from '@freshet/core'
import { createStaticCodeCache } from '@freshet/raindex/engine'
import {
  advisoryText,
  createStubSyncEngine,
  demoSteps,
  openLiveVirtualRaindex,
  stubStepsFromJson,
  type LiveVirtualRaindex,
  type StubSyncEngine,
} from '@freshet/raindex/live'
import { visible } from '../print-table.ts'
import { badCall } from '../parse-call.ts'
import { withProgress } from '../progress.ts'
import type { RaindexCall } from './raindex-command.ts'
import { readText } from './read-text.ts'

/** The order book of scripts; what a script says is not tied to one. */
const orderbook = { address: `0x${'0'.repeat(40)}`, version: 'v5' } as const

/** Plays a script of polls and prints each state once, until the script or the person ends it. */
export async function playLive({ words, options, io }: RaindexCall): Promise<number> {
  if (words.length > 0)
    throw badCall('live takes no words; name what it plays with --script FILE or --script demo.')
  const { script = 'demo' } = options.raindex
  const engine = await openScript(script)
  const live = await openLiveVirtualRaindex({
    chainId: 1,
    orderbook,
    syncEngine: engine,
    codeCache: createStaticCodeCache(),
    // No order is asked for a quote here.
    host: { evaluate: () => ({ kind: 'ok', stack: [], writes: [] }) },
    clock: io.clock,
  })
  let shown = ''
  live.subscribe(() => {
    const line = options.json ? JSON.stringify(stateOf(live)) : stateText(live)
    if (line !== shown) io.out(line)
    shown = line
  })
  const signal = io.interrupted()
  try {
    await withProgress(io, `Playing ${script}`, async () => {
      while (engine.remaining > 0 && !signal.aborted) await live.syncOnce()
    })
  } finally {
    await live.close()
  }
  return 0
}

async function openScript(script: string): Promise<StubSyncEngine> {
  if (script === 'demo') return createStubSyncEngine(demoSteps())
  const text = await readText(script)
  try {
    return createStubSyncEngine(stubStepsFromJson(text))
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error
    const { code, kind } = error
    throw new FreshetError({ code, kind, message: `${script}: ${error.message}`, cause: error })
  }
}

function stateOf(live: LiveVirtualRaindex<number>) {
  const { phase, pending, advisories, stale } = live.status
  return {
    phase,
    cursor: live.cursor ?? null,
    orders: live.orders.size,
    vaults: live.vaults.size,
    pending: pending.artifacts,
    advisories: advisories.map(advisoryText),
    stale,
  }
}

function stateText(live: LiveVirtualRaindex<number>): string {
  const { phase, cursor, orders, vaults, pending, advisories, stale } = stateOf(live)
  const missing = pending.map(({ kind, address }) => `${kind} ${address}`)
  return visible(
    [
      `${phase.padEnd(16)}  cursor ${cursor ?? 'none'}, orders ${orders}, vaults ${vaults}`,
      ...(missing.length === 0 ? [] : [`waits for ${missing.join(', ')}`]),
      advisories.join(', '),
      ...(stale ? ['stale'] : []),
    ].join('; '),
  )
}
