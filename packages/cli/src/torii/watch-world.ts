import type { Row } from '@freshet/core'
import { badCall } from '../parse-call.ts'
import { byId, changesBetween, jsonLine, textLine } from '../row-changes.ts'
import { findWorld, openWorld, readAgain } from './open-world.ts'
import type { ToriiCall } from './torii-command.ts'

/** Prints the entities of a model, then each change as it comes, until Ctrl-C. */
export async function watchWorld(call: ToriiCall): Promise<number> {
  const { io, options, toriiUrl, words } = call
  const [model, ...rest] = words
  if (model === undefined || rest.length > 0) throw badCall('Name one model: freshet torii watch URL MODEL.')
  const client = await openWorld(call, await findWorld(call), [model])
  const signal = io.interrupted()
  const print = options.json ? jsonLine : textLine
  let shown: ReadonlyMap<string, Row> = new Map()
  let state = ''
  client.errors.subscribe((error) => {
    if (error.name !== 'SchemaMismatchError') return io.err(error.message)
    readAgain(client, io).catch((fault: unknown) => io.err(String(fault)))
  })
  client.syncStatus.subscribe(({ overall }) => {
    if (overall.state !== state && overall.state === 'streaming') io.err(`Live: ${toriiUrl}. Ctrl-C ends.`)
    state = overall.state
  })
  client.subscribe(model, null, (rows, ids) => {
    const now = byId({ rows, ids })
    for (const change of changesBetween(shown, now)) io.out(print(change))
    shown = now
  })
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await client.shutdown()
  return 0
}
