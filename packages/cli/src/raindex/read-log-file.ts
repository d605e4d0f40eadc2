import { FreshetError } from '@freshet/core'
import { readRpcLog, type ChainLog } from '@freshet/raindex/engine'
import { setImmediate } from 'node:timers/promises'
import { readText } from './read-text.ts'

/** Lines read before others get a turn, so that progress can be shown. */
const linesPerTurn = 1_000

/**
 * Reads a file of logs, one entry of `eth_getLogs` per line; empty lines are left out.
 *
 * @throws {FreshetError} `cli/bad-file`, and `cli/bad-log` with the line.
 */
export async function readLogFile(path: string): Promise<readonly ChainLog[]> {
  const lines = (await readText(path)).split('\n')
  const logs: ChainLog[] = []
  for (const [at, line] of lines.entries()) {
    if (line.trim() !== '') logs.push(readLine(line, `Line ${at + 1} of ${path}`))
    if (at % linesPerTurn === linesPerTurn - 1) await setImmediate()
  }
  if (logs.length > 0) return logs
  const message = `The file ${path} holds no logs. Write what eth_getLogs answers into it, one log per line.`
  throw new FreshetError({ code: 'cli/bad-file', kind: 'usage', message })
}

function readLine(line: string, place: string): ChainLog {
  try {
    return readRpcLog(parseJson(line))
  } catch (cause) {
    const what = cause instanceof FreshetError ? cause.message : 'It is no JSON. Give one log per line.'
    throw new FreshetError({ code: 'cli/bad-log', kind: 'protocol', message: `${place}: ${what}`, cause })
  }
}

function parseJson(line: string): unknown {
  return JSON.parse(line)
}
