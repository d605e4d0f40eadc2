import { createWasmEvm } from '@freshet/evm'
import {
  createReplayHost,
  historyFromLocalBook,
  isoTime,
  openReplay,
  pointsToCsv,
  replayToSvg,
} from '@freshet/raindex/client'
import { createStaticCodeCache } from '@freshet/raindex/engine'
import { writeFile } from 'node:fs/promises'
import { FreshetError } from '@freshet/core'
import { badCall } from '../../parse-call.ts'
import { withProgress } from '../../progress.ts'
import type { RaindexCall } from '../raindex-command.ts'
import { readAddress } from '../read-option.ts'
import { readSigned } from '../read-signed.ts'
import { badPair, readPair } from '../simulation.ts'
import { findTargets } from './book-target.ts'
import { findBook, openDatabase } from './open-book.ts'

/** Computes what an order would have quoted at every step of a time that has passed, from a local database alone. */
export async function replayOrder(call: RaindexCall): Promise<number> {
  const { words, options, io } = call
  const [hash, input, output, ...more] = words
  if (hash === undefined || more.length > 0) throw badPair()
  const { order, ...pair } = readPair(hash, input, output)
  const { csv, svg } = options.raindex
  const counterparty = readAddress('--counterparty', options.raindex.counterparty) ?? `0x${'0'.repeat(40)}`
  const signedContext = options.raindex.signed === 'as-taken' ? 'as-taken' : await readSigned(call)
  const targets = await findTargets(call)
  const database = await openDatabase(call, { mustBeThere: true })
  try {
    const { book, chainId, orderbook } = await findBook(call, database, targets)
    const signal = io.interrupted()
    const replay = await withProgress(io, 'Reading the history', async () => {
      const cache = createStaticCodeCache(await book.code())
      const host = createReplayHost({
        engine: await createWasmEvm(),
        cache,
        chainId: BigInt(chainId),
        orderbook,
      })
      return openReplay(await historyFromLocalBook(book), host, { signal, orders: [order] })
    })
    const { first, head } = replay.range
    const from = readTime('--from', options.raindex.from) ?? first.timestamp
    const end = readTime('--to', options.raindex.to)
    if (end === undefined && from > head.timestamp)
      throw badCall(`The history ends at ${isoTime(head.timestamp)}. Begin before that, or sync first.`)
    const to = end ?? head.timestamp
    const stepSeconds = readStep(options.raindex.step)
    const run = await withProgress(io, 'Replaying', (report) =>
      replay.run(
        { order, pairs: [pair], counterparty, signedContext, from, to, stepSeconds },
        { signal, onProgress: ({ points, of }) => report(points, of) },
      ),
    )
    const [series] = run.series
    const span = `${isoTime(from)} to ${isoTime(to)}`
    if (svg !== undefined && series !== undefined)
      await writeResult(svg, replayToSvg(series, { title: `${hash.slice(0, 10)}…, ${span}` }))
    if (csv) await writeResult(csv, pointsToCsv(run))
    else if (csv === '' || svg === undefined) io.out(pointsToCsv(run).trimEnd())
    const where = [svg && `, drawn in ${svg}`, csv && `, written to ${csv}`].filter(Boolean).join('')
    io.err(`${series?.columns.time.length ?? 0} points from ${span}${where}`)
    return 0
  } finally {
    await database.close()
  }
}

/** @throws {FreshetError} `cli/bad-file`. */
async function writeResult(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (error) {
    const message = `The file ${path} cannot be written. Check that its folder is there and may be written to.`
    throw new FreshetError({ code: 'cli/bad-file', kind: 'usage', message, cause: error })
  }
}

/** Of which there is a date. */
const latestUnixMs = 8_640_000_000_000_000

/** Seconds since 1970, or a date. @throws {FreshetError} `cli/bad-call`. */
function readTime(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const unixMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text)
  if (unixMs >= 0 && unixMs <= latestUnixMs) return Math.floor(unixMs / 1_000)
  throw badCall(
    `${option} takes a time such as 2026-11-20T10:00:00Z, not ${JSON.stringify(text.slice(0, 80))}.`,
  )
}

const secondsOf = { s: 1, m: 60, h: 3_600 } as const

/** `1s`, `5m`, `1h`, or seconds. @throws {FreshetError} `cli/bad-call`. */
function readStep(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, count, unit = 's'] = /^(\d{1,9})([smh]?)$/.exec(text) ?? []
  // One of the units, by the expression.
  if (count !== undefined) return Number(count) * secondsOf[(unit || 's') as keyof typeof secondsOf]
  throw badCall(`--step takes a time such as 1s, 5m or 1h, not ${JSON.stringify(text.slice(0, 80))}.`)
}
