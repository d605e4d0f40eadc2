import type { ReactiveClient } from '@freshet/torii'
import type { Io } from '../io.ts'
import { visible } from '../print-table.ts'
import { findWorld, openWorld, whenLive } from './open-world.ts'
import type { ToriiCall } from './torii-command.ts'

/** Reads the models that are named, or all, and says how many entities there are. */
export async function syncWorld(call: ToriiCall): Promise<number> {
  const { io, words } = call
  const found = await findWorld(call)
  const client = await openWorld(call, found, words)
  const started = io.clock.now()
  const stop = showProgress(client, io)
  try {
    await whenLive(client, io, io.interrupted())
    stop()
    const { models, overall } = client.getSyncStatus()
    for (const { model } of models) io.out(`${visible(model)}  ${client.query(model).ids.length} entities`)
    const seconds = ((io.clock.now() - started) / 1_000).toFixed(1)
    io.err(`As the server has it at block ${overall.head ?? 0}, in ${seconds} s.`)
    return 0
  } finally {
    stop()
    await client.shutdown()
  }
}

function showProgress(client: ReactiveClient, { progress }: Io): () => void {
  if (!progress) return () => {}
  const stop = client.syncStatus.subscribe(({ overall, models }) => {
    const waiting = models.find(({ status }) => status === 'retrying')
    if (waiting && overall.lastError) {
      const seconds = Math.ceil(waiting.nextPollInMs / 1_000)
      return progress(`Next attempt in ${seconds} s: ${visible(overall.lastError.message)}`)
    }
    const perSecond = models.reduce((sum, { throughputPerSec }) => sum + throughputPerSec, 0)
    const share =
      overall.progress === undefined
        ? ''
        : ` ${bar(overall.progress)} ${Math.floor(overall.progress * 100)} %`
    progress(`${overall.state}${share} … ${Math.round(perSecond)} entities a second`)
  })
  return () => {
    stop()
    progress('')
  }
}

const barCells = 20

function bar(share: number): string {
  const full = Math.round(share * barCells)
  return '█'.repeat(full) + '░'.repeat(barCells - full)
}
