import { expect, test } from 'vitest'
import { harnesses, runConverge, type Harness } from './converge.ts'

const toys: readonly Harness[] = [
  { name: 'toy', module: 'repo/fixtures/toy-harness.ts', what: 'a toy' },
  { name: 'later', module: 'repo/fixtures/not-written.ts', what: 'not written' },
]

async function call(line: string): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = []
  const err: string[] = []
  const io = { out: (text: string) => out.push(text), err: (text: string) => err.push(text) }
  const code = await runConverge(line === '' ? [] : line.split(' '), io, toys)
  return { code, out, err }
}

test('a run without wrong rows prints one line and exits with 0', async () => {
  const result = await call('toy --seed 7 --histories 20')
  expect(result).toEqual({ code: 0, out: ['toy: 20 histories, 0 wrong rows'], err: [] })
})

test('wrong rows print the shrunk history and exit with 1', async () => {
  const result = await call('toy --seed 7 --histories 20 --without S4')
  expect(result.code).toBe(1)
  expect(result.out).toEqual([
    'seed 7 without S4: write, lose the reply, restart',
    'toy: 20 histories, 3 wrong rows',
  ])
})

test.each([
  ['', 'Name exactly one harness. See npm run converge -- --help.'],
  ['toy twice', 'Name exactly one harness. See npm run converge -- --help.'],
  ['nobody', 'There is no harness named nobody. Names: toy, later.'],
  ['later', 'The harness later is not part of this tree: repo/fixtures/not-written.ts is missing.'],
  ['toy --without S99', 'There is no rule S99 to switch off.'],
  ['toy --seed x', '--seed takes a whole number, not x.'],
  ['toy --histories 1.5', '--histories takes a whole number, not 1.5.'],
])('the call "%s" exits with 2 and one sentence', async (line, sentence) => {
  expect(await call(line)).toEqual({ code: 2, out: [], err: [sentence] })
})

test('an unknown option exits with 2 and names it', async () => {
  const result = await call('toy --sed 4')
  expect(result.code).toBe(2)
  expect(result.err.join()).toContain('--sed')
})

test('--help names every harness', async () => {
  const out: string[] = []
  expect(await runConverge(['--help'], { out: (text) => out.push(text), err: () => {} })).toBe(0)
  for (const { name } of harnesses) expect(out.join('\n')).toContain(`  ${name} `)
})
