import { FreshetError } from '@freshet/core'
import type { Hex, SignedContext } from '@freshet/raindex/engine'
import type { RaindexCall } from './raindex-command.ts'
import { readText } from './read-text.ts'

/**
 * The words that `--signed` names as signed, in the form in which oracles answer: one `{ signer, context, signature }`
 * or a list of them. Whether they were signed by whom they say is for the quote to find out.
 *
 * @throws {FreshetError} `cli/bad-file`: the file cannot be read, or has something else in it.
 */
export async function readSigned({ options }: RaindexCall): Promise<readonly SignedContext[]> {
  const { signed } = options.raindex
  if (signed === undefined) return []
  const json = parsed(signed, await readText(signed))
  const list: readonly unknown[] = Array.isArray(json) ? json : [json]
  return list.map((item, at) => {
    const found = contextOf(item)
    if (found === undefined || list.length > mostContexts) throw badFile(signed, at + 1)
    return found
  })
}

const mostContexts = 64

function contextOf(item: unknown): SignedContext | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  // Any record can be read by name.
  const fields = item as Readonly<Record<string, unknown>>
  const signer = bytesOf(fields['signer'], 20)
  const signature = bytesOf(fields['signature'])
  const words: readonly unknown[] = Array.isArray(fields['context']) ? fields['context'] : [undefined]
  const context = words.flatMap((word) => bytesOf(word, 32) ?? [])
  if (signer === undefined || signature === undefined || context.length < words.length) return undefined
  return { signer, context, signature }
}

function bytesOf(value: unknown, sizeBytes?: number): Hex | undefined {
  if (typeof value !== 'string' || !/^0x(?:[0-9a-f]{2})*$/i.test(value)) return undefined
  if (sizeBytes !== undefined && value.length !== 2 + 2 * sizeBytes) return undefined
  // Its shape is checked above.
  return value.toLowerCase() as Hex
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badFile(path, undefined, cause)
  }
}

function badFile(path: string, entry: number | undefined, cause?: unknown): FreshetError {
  const what = entry === undefined ? 'is no JSON' : `has no signed words in entry ${entry}`
  const message = `The file ${path} ${what}. Give a list of {"signer":"0x…","context":["0x…"],"signature":"0x…"}, at most ${mostContexts}.`
  return new FreshetError({ code: 'cli/bad-file', kind: 'usage', message, cause })
}
