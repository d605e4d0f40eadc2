// What SQLite cannot keep as it is: NUL and the unit that escapes it, surrogates,
// and units above them, which UTF-8 sorts before the surrogate pairs they follow.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const special = /[\0\u0001\ud800-\uffff]/
const unitsFrom = 0xd800

/**
 * A text as SQLite keeps it: exact for any sequence of UTF-16 units, and sorted
 * by SQLite as JavaScript's `<` sorts the original [ST6].
 *
 * Ordinary texts stay as they are, readable in any tool. Units from U+D800 on
 * become one character each beyond U+FFFF; NUL and U+0001 take two.
 */
export function toStoredText(text: string): string {
  if (!special.test(text)) return text
  let stored = ''
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= unitsFrom) stored += String.fromCodePoint(0x10000 + unit - unitsFrom)
    else if (unit < 2) stored += `\u0001${String.fromCharCode(unit + 1)}`
    else stored += text[at]
  }
  return stored
}

/** The original of a stored text. */
export function fromStoredText(stored: string): string {
  if (!special.test(stored)) return stored
  let text = ''
  let escaped = false
  for (const character of stored) {
    const point = character.codePointAt(0) ?? 0
    if (escaped) text += String.fromCharCode(point - 1)
    else if (point >= 0x10000) text += String.fromCharCode(point - 0x10000 + unitsFrom)
    else if (point !== 1) text += character
    escaped = !escaped && point === 1
  }
  return text
}
