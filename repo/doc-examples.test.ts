import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allExamples, examplesIn, type Example } from './doc-examples.ts'
import { root } from './tree.ts'

const secondsToRun = 30
const examples = allExamples()

// Inside the tree, so that the examples find the packages; ignored by git.
let folder: string
let compilerSays = ''

beforeAll(async () => {
  mkdirSync(join(root, '.freshet'), { recursive: true })
  folder = mkdtempSync(join(root, '.freshet', 'examples-'))
  for (const example of examples) writeFileSync(join(folder, fileName(example)), atItsLine(example))
  const config = {
    extends: '../../tsconfig.base.json',
    compilerOptions: {
      composite: false,
      noEmit: true,
      noUnusedLocals: false,
      types: ['node'],
      moduleDetection: 'force',
    },
    files: examples.map(fileName),
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  if (examples.length === 0) return
  const compiler = join(root, 'node_modules', '.bin', 'tsc')
  compilerSays = (await execute(compiler, ['-p', '.', '--pretty', 'false'])).output
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

for (const example of examples) {
  test.concurrent(`${example.file}:${example.line} compiles${example.runs ? ' and runs' : ''}`, async ({
    expect,
  }) => {
    const name = fileName(example)
    const complaints = compilerSays.split('\n').filter((line) => line.startsWith(`${name}(`))
    expect(complaints.map((line) => line.replace(name, example.file))).toEqual([])
    if (!example.runs) return
    const { code, output } = await execute(process.execPath, [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      name,
    ])
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
  })
}

test('the compiler complains about nothing but single examples', () => {
  const lines = compilerSays
    .split('\n')
    .filter((line) => line !== '' && !/^(\s|[\w-]+\.L\d+\.ts\()/.test(line))
  expect(lines).toEqual([])
})

test('fences of TypeScript are examples, with the line they stand on', () => {
  const fence = '```'
  const text = [
    '# A',
    `${fence}ts`,
    'one()',
    fence,
    `${fence}sh`,
    'npm test',
    fence,
    `${fence}ts no-run`,
    'two()',
    fence,
  ]
  expect(examplesIn('A.md', text.join('\n'))).toEqual([
    { file: 'A.md', line: 3, code: 'one()\n', runs: true },
    { file: 'A.md', line: 9, code: 'two()\n', runs: false },
  ])
})

/** `docs-live-tables.L12.ts` */
function fileName({ file, line }: Example): string {
  return `${file.replace(/\.md$/, '').replaceAll('/', '-')}.L${line}.ts`
}

/** The code under as many empty lines as it has above it in its document, so that messages name its line there. */
function atItsLine({ line, code }: Example): string {
  return '\n'.repeat(line - 1) + code
}

function execute(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>()
  execFile(command, [...args], { cwd: folder, timeout: secondsToRun * 1000 }, (error, stdout, stderr) => {
    const killed = error?.killed === true ? `\n${basename(command)} was stopped after ${secondsToRun} s.` : ''
    resolve({
      code: typeof error?.code === 'number' ? error.code : error ? 1 : 0,
      output: stdout + stderr + killed,
    })
  })
  return promise
}
