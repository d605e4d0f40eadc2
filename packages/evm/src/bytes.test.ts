import { expect, test } from 'vitest'
import { bytesToHex, toBytes, toWordBytes, type Hex } from './bytes.ts'

test('[EV10] hex is read digit by digit, in either case, and nothing else is', () => {
  expect(toBytes('0x', 'x')).toEqual(new Uint8Array(0))
  expect(bytesToHex(toBytes('0x00aBfF', 'x'))).toBe('0x00abff')
  for (const bad of ['', '0', '00', '0x0', '0xg0', '0x0g', '0x 0', '0x0\u0130', 'x0', '0X00'] as Hex[]) {
    expect(() => toBytes(bad, 'x'), bad).toThrow(expect.objectContaining({ code: 'evm/bad-hex' }))
  }
})

test('[EV10] a word is 32 bytes or an integer that fits them', () => {
  expect(bytesToHex(toWordBytes(2n ** 256n - 1n, 'x'))).toBe(`0x${'ff'.repeat(32)}`)
  expect(() => toWordBytes(2n ** 256n, 'x')).toThrow(expect.objectContaining({ code: 'evm/bad-word' }))
  expect(() => toWordBytes(-1n, 'x')).toThrow(expect.objectContaining({ code: 'evm/bad-word' }))
})
