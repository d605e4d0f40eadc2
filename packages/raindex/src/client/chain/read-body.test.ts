import { expect, test } from 'vitest'
import { createBodyReader } from './read-body.ts'
import type { RpcAnswer } from './rpc-send.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** An answer in parts, which says of its size what it is told to. */
function inParts(parts: readonly string[], announced?: string): RpcAnswer {
  return {
    status: 200,
    header: (name) => (name === 'Content-Length' ? (announced ?? null) : null),
    async read(take) {
      for (const part of parts) {
        const bytes = new TextEncoder().encode(part)
        take(bytes)
        bytes.fill(0)
        await Promise.resolve()
      }
    },
  }
}

test('[CN5] an answer is read as it came, also into memory that has held a longer one', async () => {
  const reader = createBodyReader(200_000)
  const long = 'long '.repeat(20_000)
  expect(await reader.read(inParts([long, 'end']), text)).toBe(`${long}end`)
  expect(await reader.read(inParts(['short']), text)).toBe('short')
  expect(await reader.read(inParts(['short'], 'nonsense'), text)).toBe('short')
  expect(
    await Promise.all([reader.read(inParts(['o', 'ne']), text), reader.read(inParts(['t', 'wo']), text)]),
  ).toEqual(['one', 'two'])
  expect(await reader.read(inParts([]), text)).toBe('')
})

test('[CN5] an answer that is too large is refused, whatever it says of its size', async () => {
  const reader = createBodyReader(10)
  const tooLarge = { fault: 'too-large' }
  await expect(reader.read(inParts(['12345', '678901']), text)).rejects.toMatchObject(tooLarge)
  await expect(reader.read(inParts(['x'], '11'), text)).rejects.toMatchObject(tooLarge)
  expect(await reader.read(inParts(['1234567890']), text)).toBe('1234567890')
})
