import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from 'yaml'
import type { SettingsMistake } from './settings-error.ts'

/** Reads nodes of one file and keeps what is wrong with them; what is wrong is read as undefined. */
export type SettingsReader = {
  readonly root: Node | undefined
  readonly mistakes: readonly SettingsMistake[]
  mistake(at: Node | undefined, message: string): undefined
  /** The named values of a mapping, in order. */
  entries(node: Node | undefined, what: string): readonly SettingsEntry[]
  /** The values of a mapping by name; names that are not known are mistakes. */
  fields(node: Node | undefined, what: string, known: readonly string[]): ReadonlyMap<string, Node>
  list(node: Node | undefined, what: string): readonly Node[]
  text(node: Node | undefined, what: string): string | undefined
  /** A whole number of at least `least`, written in digits. */
  wholeNumber(node: Node | undefined, what: string, least: number): number | undefined
  url(node: Node | undefined, what: string, protocols: readonly string[]): string | undefined
  address(node: Node | undefined, what: string): `0x${string}` | undefined
}

type SettingsEntry = { readonly name: string; readonly key: Node; readonly value: Node }

/** A file that is longer is no settings file. */
const mostCharacters = 1_000_000

export function createSettingsReader(text: string): SettingsReader {
  const lines = new LineCounter()
  const mistakes: SettingsMistake[] = []
  // Every value stays the text it is written as: an address would be read as a number else.
  const document = parseDocument(text.slice(0, mostCharacters), { lineCounter: lines, schema: 'failsafe' })
  const mistake: SettingsReader['mistake'] = (at, message) => {
    mistakes.push({ line: Math.max(1, lines.linePos(at?.range?.[0] ?? 0).line), message })
    return undefined
  }
  if (text.length > mostCharacters) mistake(undefined, 'The file is longer than a megabyte.')
  for (const { message, pos } of document.errors) {
    const what = message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''
    mistakes.push({ line: lines.linePos(pos[0]).line, message: `${what}. Mend the YAML.` })
  }
  const entries: SettingsReader['entries'] = (node, what) => {
    if (node === undefined) return []
    if (!isMap(node)) return mistake(node, `${what} must be names with values.`) ?? []
    // A parsed mapping holds pairs of nodes.
    return (node.items as Pair<Node, Node | null>[]).flatMap(({ key, value }) => {
      if (!isScalar(key)) return mistake(key, `A name in ${what} must be a plain text.`) ?? []
      const name = String(key.value)
      if (isEmpty(value))
        return mistake(key, `${name} in ${what} is empty. Give it a value, or leave it out.`) ?? []
      return [{ name, key, value }]
    })
  }
  const plain = (node: Node | undefined, what: string): string | undefined => {
    if (node === undefined) return undefined
    return isScalar(node) ? String(node.value) : mistake(node, `${what} must be one value.`)
  }
  return {
    root: isEmpty(document.contents) ? undefined : document.contents,
    mistakes,
    mistake,
    entries,
    fields(node, what, known) {
      const found = new Map<string, Node>()
      for (const { name, key, value } of entries(node, what)) {
        if (known.includes(name)) found.set(name, value)
        else mistake(key, `There is no setting ${shown(name)} in ${what}. Settings: ${known.join(', ')}.`)
      }
      return found
    },
    list(node, what) {
      if (node === undefined) return []
      if (!isSeq(node)) return mistake(node, `${what} must be a list.`) ?? []
      // A parsed list holds nodes.
      return node.items as Node[]
    },
    text: plain,
    wholeNumber(node, what, least) {
      const digits = plain(node, what)
      if (digits === undefined) return undefined
      const value = /^\d{1,16}$/.test(digits) ? Number(digits) : NaN
      if (Number.isSafeInteger(value) && value >= least) return value
      return mistake(node, `${what} must be a whole number of at least ${least}, not ${shown(digits)}.`)
    },
    url(node, what, protocols) {
      const given = plain(node, what)
      if (given === undefined) return undefined
      const url = URL.canParse(given) ? new URL(given) : undefined
      if (url !== undefined && protocols.includes(url.protocol)) return given
      const kinds = protocols.map((protocol) => `${protocol}//`).join(', ')
      return mistake(node, `${what} must be an address that begins with ${kinds}, not ${shown(given)}.`)
    },
    address(node, what) {
      const given = plain(node, what)
      if (given === undefined) return undefined
      // Its shape is checked.
      if (/^0x[0-9a-f]{40}$/i.test(given)) return given.toLowerCase() as `0x${string}`
      return mistake(node, `${what} must be 0x and 40 hex digits, not ${shown(given)}.`)
    },
  }
}

function isEmpty(node: Node | null | undefined): node is null | undefined {
  return node === null || node === undefined || (isScalar(node) && (node.value === null || node.value === ''))
}

/** Untrusted text in a message: short, and on one line. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
