/** An item of an array as text; `null` for SQL's null, a list for a nested dimension. */
export type ArrayItem = string | null | readonly ArrayItem[]

/**
 * The items of an array as PostgreSQL writes it, such as `{1,NULL,"a,b"}`.
 *
 * Bounds other than from 1 are left out: `[0:1]={a,b}` is `a, b`.
 */
export function parseArray(text: string): readonly ArrayItem[] {
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const readQuoted = (): string => {
    let item = ''
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === '\\') at++
      item += text[at] ?? ''
    }
    at++
    return item
  }
  const readBare = (): string | null => {
    const start = at
    while (at < text.length && text[at] !== ',' && text[at] !== '}') at++
    const item = text.slice(start, at)
    return item === 'NULL' ? null : item
  }
  const readList = (): readonly ArrayItem[] => {
    const items: ArrayItem[] = []
    at++
    while (at < text.length && text[at] !== '}') {
      if (text[at] === ',') at++
      items.push(text[at] === '{' ? readList() : text[at] === '"' ? readQuoted() : readBare())
    }
    at++
    return items
  }
  return readList()
}

/** Items as PostgreSQL reads an array. */
export function formatArray(items: readonly ArrayItem[]): string {
  const parts = items.map((item) => {
    if (item === null) return 'NULL'
    return typeof item === 'string' ? `"${item.replace(/["\\]/g, '\\$&')}"` : formatArray(item)
  })
  return `{${parts.join(',')}}`
}
