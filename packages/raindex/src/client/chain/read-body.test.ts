import { expect, test } from 'vitest'
import { createBodyReader } from './read-body.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** An answer in parts, which says nothing of its size. */
function inParts(...parts: readonly string[]): Response {
  return new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const part of parts) controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      },
    }),
  )
}

test('[CN5] an answer is read as it came, also into memory that has held a longer one', async () => {
  const reader = createBodyReader(200_000, false)
  const long = 'long '.repeat(20_000)
  expect(await reader.read(inParts(long, 'end'), text)).toBe(`${long}end`)
  expect(await reader.read(inParts('short'), text)).toBe('short')
  expect(await Promise.all([reader.read(inParts('one'), text), reader.read(inParts('two'), text)])).toEqual([
    'one',
    'two',
  ])
  expect(await reader.read(new Response(null), text)).toBe('')
})

test('[CN5] an answer that is too large is refused, whatever it says of its size', async () => {
  const reader = createBodyReader(10, true)
  await expect(reader.read(inParts('12345', '678901'), text)).rejects.toMatchObject({ fault: 'too-large' })
  const announced = new Response('x', { headers: { 'Content-Length': '11' } })
  await expect(reader.read(announced, text)).rejects.toMatchObject({ fault: 'too-large' })
  // Nobody waits for a sender that does not stop.
  const stuck = new Response(
    new ReadableStream({
      pull: (c) => c.enqueue(new Uint8Array(11)),
      cancel: () => new Promise(() => undefined),
    }),
  )
  await expect(reader.read(stuck, text)).rejects.toMatchObject({ fault: 'too-large' })
  expect(await reader.read(inParts('1234567890'), text)).toBe('1234567890')
})
