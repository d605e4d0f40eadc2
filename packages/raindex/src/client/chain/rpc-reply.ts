import type { ReadInPlace } from './read-log-page.ts'

/** One reply of JSON-RPC, as an object that was parsed. */
export type RpcReply = Readonly<Record<string, unknown>>

/**
 * Takes the text of an answer apart where it holds a list that can be read in place.
 *
 * @returns undefined when it is anything but replies as nodes write them: then it is to be read as JSON.
 */
export function repliesInPlace(text: Uint8Array, read: ReadInPlace): readonly RpcReply[] | undefined {
  const replies: RpcReply[] = []
  const isList = text[0] === code('[')
  let at = isList ? 1 : 0
  for (;;) {
    const reply = readReply(text, at, read)
    if (reply === undefined) return undefined
    replies.push(reply.value)
    at = reply.end
    if (!isList || text[at] !== code(',')) break
    at += 1
  }
  if (isList && text[at++] !== code(']')) return undefined
  while (text[at] === 10 || text[at] === 13 || text[at] === 32) at += 1
  return at === text.length ? replies : undefined
}

const code = (letter: string): number => letter.charCodeAt(0)

/** A reply: its own fields are few, and what they hold is parsed, but for the list. */
function readReply(
  text: Uint8Array,
  start: number,
  read: ReadInPlace,
): { readonly value: RpcReply; readonly end: number } | undefined {
  if (text[start] !== code('{')) return undefined
  const value: Record<string, unknown> = {}
  let at = start
  do {
    const name = textAt(text, at + 1)
    if (name === undefined || text[name.end] !== code(':')) return undefined
    const field = name.value
    const begin = name.end + 1
    if (field === 'result' && text[begin] === code('[')) {
      const list = read(text, begin)
      if (list === undefined) return undefined
      value['result'] = list.value
      at = list.end
    } else {
      const end = endOfValue(text, begin)
      if (field !== 'jsonrpc' && field !== 'id' && field !== 'result' && field !== 'error') return undefined
      const parsed = parse(text, begin, end)
      if (parsed === undefined) return undefined
      value[field] = parsed
      at = end
    }
  } while (text[at] === code(','))
  return text[at] === code('}') ? { value, end: at + 1 } : undefined
}

/** A short name in quotes. */
function textAt(
  text: Uint8Array,
  start: number,
): { readonly value: string; readonly end: number } | undefined {
  const end = text.indexOf(code('"'), start + 1)
  if (text[start] !== code('"') || end < 0 || end - start > 32) return undefined
  return { value: String.fromCharCode(...text.subarray(start + 1, end)), end: end + 1 }
}

/** Where a value ends: at the comma or bracket behind it that is not its own. */
function endOfValue(text: Uint8Array, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const letter = text[at]
    if (letter === code('"')) at = endOfText(text, at)
    else if (letter === code('{') || letter === code('[')) depth += 1
    else if (letter === code('}') || letter === code(']')) {
      if (depth === 0) return at
      depth -= 1
    } else if (letter === code(',') && depth === 0) return at
  }
  return text.length
}

function endOfText(text: Uint8Array, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === code('\\')) at += 1
    else if (text[at] === code('"')) return at
  }
  return text.length
}

function parse(text: Uint8Array, start: number, end: number): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(text.subarray(start, end)))
  } catch {
    return undefined
  }
}
