import { expect, test } from 'vitest'
import { createWasmEvm } from '../wasm/wasm-evm.ts'

const target = '0x1000000000000000000000000000000000000001'
const call = { to: target, from: target, data: '0x', gas: 30_000_000n } as const

/** Fills the largest code there may be with a few bytes. */
function filled(pattern: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 24_576 }, (_, at) => pattern[at % pattern.length] ?? 0)
}

test.each([
  ['jump destinations', [0x5b]],
  ['conditional jumps', [0x5b, 0x5f, 0x60, 0x00, 0x57]],
  ['additions', [0x58, 0x58, 0x01, 0x50]],
  ['pushes and pops', [0x5f, 0x50]],
  ['memory writes', [0x58, 0x36, 0x52]],
  ['duplications', [0x58, 0x80, 0x50, 0x50]],
  ['swaps', [0x58, 0x58, 0x90, 0x50, 0x50]],
  ['foreign instructions', [0x5f, 0x5c, 0x50]],
  ['jumps to the start', [0x5b, 0x5f, 0x56]],
  ['invalid bytes', [0xfe]],
])(
  '[EV16] code full of %s compiles in bounded time or stays interpreted',
  { timeout: 20_000 },
  async (_, pattern) => {
    const [compiled, interpreted] = [
      await createWasmEvm({ tier: 'compiled' }),
      await createWasmEvm({ tier: 'interpreter' }),
    ]
    const start = performance.now()
    compiled.setCode(target, filled(pattern))
    interpreted.setCode(target, filled(pattern))
    const { reads, ...expected } = interpreted.staticCall(call)
    const { reads: read, ...got } = compiled.staticCall(call)
    expect(got).toEqual(expected)
    expect(read).toEqual(reads)
    // A test for what is not bounded, not for speed.
    expect(performance.now() - start).toBeLessThan(15_000)
  },
)
