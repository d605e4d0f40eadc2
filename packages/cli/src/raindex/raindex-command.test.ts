import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, type Clock } from '@freshet/core'
import { eq, hexToFloat, isZero, parse } from '@freshet/raindex/float'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { runForText, type RanText } from '../testing/run-command.ts'

const repository = fileURLToPath(new URL('../../../../', import.meta.url))
const recorded = resolve(repository, process.env['FRESHET_RAINDEX_DATA'] ?? '../shared/data/raindex')
const recordedLogs = join(recorded, 'real-arbitrum-v5-raw-events.ndjson')
const isRecorded = existsSync(recordedLogs)
if (!isRecorded) console.log(`Skipped: there is no ${recordedLogs}. Set FRESHET_RAINDEX_DATA.`)

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-raindex-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function raindex(words: readonly string[], more?: Partial<Io>): Promise<RanText> {
  const ran = await runForText(['raindex', ...words], more)
  return { ...ran, err: ran.err.replaceAll(`${folder}/`, '') }
}

async function fileOf(name: string, lines: readonly unknown[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(
    path,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
  return path
}

const book = `0x${'b0'.repeat(20)}`
const store = `0x${'50'.repeat(20)}`
const token = `0x${'70'.repeat(20)}`
const topics = {
  deposit: '0x7f9dfa19cf1cc2f806f2f860fbc9c056b601fb1afc0e9b843dfe5c63616268e6',
  withdraw: '0x8045c25080b0868951141ed0a91720bcad09a8364a2b3109ee1fd49c1f0bc8b8',
  set: '0x245edc72356e0d4eee6c8edc5e2f5cbe7cc71f347769147ef686bc681845da87',
}
const word = (hex: string) => hex.replace(/^0x/, '').padStart(64, '0')
/** 0.5 as the withdrawal's float. */
const half = 'ffffffff'.padEnd(63, '0') + '5'

function log(event: keyof typeof topics, block: number, words: readonly string[], address = book) {
  return {
    address,
    topics: [topics[event]],
    data: `0x${words.map(word).join('')}`,
    blockNumber: `0x${block.toString(16)}`,
    blockHash: `0x${word(block.toString(16))}`,
    transactionHash: `0x${word(`f${block}`)}`,
    logIndex: '0x0',
  }
}

type Vault = Readonly<Record<'owner' | 'token' | 'vaultId' | 'balance', string>>
const vaultOf = ({ owner, token: held, vaultId }: Vault) => [owner, held, vaultId].join()

const deposit = (block: number, address?: string) =>
  log('deposit', block, ['0x9', token, '1', '16e360'], address)
const withdrawal = (block: number) => log('withdraw', block, ['0x9', token, '1', half, half, '7a120'])
const write = (block: number) => log('set', block, ['1', '2', '3'], store)

test('[RC1] an expression is computed as the contract does, to its bits', async () => {
  expect(await raindex(['float', '1.5*(2', '+', '0.25)'])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "3.375
    0xffffffbe200c2ba801d8084e43f2cb84d00cf8525a67dfd18000000000000000",
    }
  `)
  expect((await raindex(['float', 'max(1, min(-2, 3)) - abs(-inv(4))', '--json'])).out).toMatchInlineSnapshot(
    `"{"value":"0.75","hex":"0xffffffbd47377d75596e4b5896ff1998eac77d28c8e6d4ee0000000000000000","coefficient":"7500000000000000000000000000000000000000000000000000000000000000000","exponent":-67}"`,
  )
  const { out } = await raindex(['float', `0x${half} - 1 / 2`])
  expect(out.split('\n')[0]).toBe('0')
})

test('[RC1] operators of one rank go from left to right, products first', async () => {
  const value = async (text: string) => (await raindex(['float', text])).out.split('\n')[0]
  expect(await value('10 - 4 - 3')).toBe('3')
  expect(await value('8 / 4 / 2')).toBe('1')
  expect(await value('2 + 3 * -4')).toBe('-10')
})

test.each([
  ['1/0', 'DivisionByZero (0x7a97930f)'],
  ['1.', 'MalformedDecimalPoint (0x7bfa48af)'],
  ['1e5000000000', 'ExponentOverflow (0xd556b111)'],
  ['1 +', 'ends too early after "1 +"'],
  ['2)', 'cannot go on with ")" after "2"'],
  ['min(1)', 'cannot go on with ")"'],
  ['sqrt(2)', 'cannot go on with "sqrt"'],
  ['0x12', 'Give 0x and 64 hex digits'],
  ['', 'Give an expression'],
])('[RC1] the expression %j is one sentence and exit code 2', async (text, sentence) => {
  const { code, out, err } = await raindex(['float', text])
  expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 1 })
  expect(err).toContain(sentence)
})

test('[RC1] an expression beyond all measure is refused', async () => {
  const refused = async (text: string) => (await raindex(['float', text])).err
  expect(await refused('('.repeat(200))).toContain('nested more than 100 deep')
  expect(await refused('1'.repeat(20_000))).toContain('longer than 10000 letters')
})

test('[RC2] [RC4] the state is counted, vaults and words are printed, decimals taken from a withdrawal', async () => {
  const logs = await fileOf('book.ndjson', [deposit(5), write(6), '', withdrawal(7)])
  expect((await raindex(['state', '--logs', logs])).out).toMatchInlineSnapshot(`
    "Order book 0xb0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0 (v5) at block 7
    0 orders, 1 vaults, 1 words in stores
    Events: DepositV2 1, Set 1, WithdrawV2 1"
  `)
  expect(await raindex(['state', 'vaults', '--logs', logs])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "1 vault at block 7",
      "out": "owner                                       token                                       vault                                                               balance
    0x0000000000000000000000000000000000000009  0x7070707070707070707070707070707070707070  0x0000000000000000000000000000000000000000000000000000000000000001  1",
    }
  `)
  expect((await raindex(['state', 'store', '--logs', logs, '--json'])).out).toMatchInlineSnapshot(
    `"{"store":"0x5050505050505050505050505050505050505050","fqn":"0x0000000000000000000000000000000000000000000000000000000000000001","key":"0x0000000000000000000000000000000000000000000000000000000000000002","value":"0x0000000000000000000000000000000000000000000000000000000000000003"}"`,
  )
  expect((await raindex(['state', 'orders', '--logs', logs])).err).toBe('0 orders at block 7')
})

test('[RC3] --at gives the state at the end of a block', async () => {
  const logs = await fileOf('at.ndjson', [deposit(5), withdrawal(7), deposit(9)])
  const balances = ['4', '5', '6', '7', '9', '10'].map(async (block) => {
    const { out } = await raindex(['state', 'vaults', '--json', '--logs', logs, '--at', block])
    return out === '' ? undefined : JSON.parse(out).balance
  })
  expect(await Promise.all(balances)).toEqual([undefined, '1.5', '1.5', '1', '2.5', '2.5'])
})

test('[RC4] a token whose decimals nothing shows is named, and --decimals tells them', async () => {
  const logs = await fileOf('deposit.ndjson', [deposit(5)])
  const { code, err } = await raindex(['state', '--logs', logs])
  expect({ code, err }).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ The decimals of the token 0x7070707070707070707070707070707070707070 are not known: no withdrawal shows them. Give --decimals 0x7070707070707070707070707070707070707070=N.",
    }
  `)
  const { out } = await raindex(['state', 'vaults', '--json', '--logs', logs, '--decimals', `${token}=3`])
  expect(JSON.parse(out)).toMatchObject({ balance: '1500' })
})

test.skipIf(!isRecorded)('[RC2] a real order book has the vaults of its recorded replay', async () => {
  const expected = JSON.parse(readFileSync(join(recorded, 'real-arbitrum-v5-expected.json'), 'utf8'))
  const state = ['state', '--logs', recordedLogs]
  expect((await raindex(state)).out).toMatchInlineSnapshot(`
      "Order book 0x2f209e5b67a33b8fe96e28f24628df6da301c8eb (v5) at block 376962619
      28 orders, 48 vaults, 0 words in stores
      Events: DepositV2 36, AddOrderV3 30, WithdrawV2 31, MetaV1_2 29, RemoveOrderV3 2, TakeOrderV3 6"
    `)
  const vaults = await raindex([...state, 'vaults', '--json'])
  const balances = new Map<string, string>()
  for (const line of vaults.out.split('\n')) {
    const vault = JSON.parse(line)
    expect(eq(parse(vault.balance), hexToFloat(vault.float))).toBe(true)
    balances.set(vaultOf(vault), vault.float)
  }
  expect(expected.finalVaults.length).toBe(28)
  const wrong = expected.finalVaults.filter((vault: Vault) => balances.get(vaultOf(vault)) !== vault.balance)
  expect(wrong).toEqual([])
  // The recorded list leaves out vaults that orders name and nothing has moved in.
  const recordedIds = new Set(expected.finalVaults.map(vaultOf))
  const others = [...balances].filter(([id]) => !recordedIds.has(id))
  expect(others.filter(([, float]) => !isZero(hexToFloat(float)))).toEqual([])
  const orders = (await raindex([...state, 'orders', '--json'])).out.split('\n')
  expect(orders.map((line) => JSON.parse(line).hash)).toEqual(expected.liveOrderHashes.toSorted())
  const text = await raindex([...state, 'vaults'])
  expect(text).toMatchObject({ code: 0, err: `${balances.size} vaults at block 376962619` })
  expect(text.out.split('\n').length).toBe(1 + balances.size)
})

test('[RC5] live plays the demo and prints each state once', async () => {
  expect(await raindex(['live'])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "",
      "out": "Syncing           cursor 1, orders 0, vaults 0; ready
    PendingArtifacts  cursor 2, orders 0, vaults 0; waits for Interpreter 0x0000000000000000000000000000000000000000, Store 0x0000000000000000000000000000000000000000; warming up
    Syncing           cursor 3, orders 1, vaults 0; ready
    Idle              cursor 3, orders 1, vaults 0; ready",
    }
  `)
  const { out } = await raindex(['live', '--script', 'demo', '--json'])
  expect(out.split('\n').map((line) => JSON.parse(line).phase)).toEqual([
    'Syncing',
    'PendingArtifacts',
    'Syncing',
    'Idle',
  ])
})

test('[RC5] a script from a file is played; what is refused is shown and said', async () => {
  const quiet = await fileOf('quiet.json', ['[{"heartbeat":true},{"heartbeat":true}]'])
  expect((await raindex(['live', '--script', quiet])).out.split('\n').length).toBe(1)
  const delta = { owner: book, token, vaultId: `0x${word('1')}`, delta: `0x${'f'.repeat(64)}` }
  const bad = await fileOf('bad.json', [[{ mutations: [{ kind: 'vaultDeltas', deltas: [delta] }] }]])
  const { code, out, err } = await raindex(['live', '--script', bad])
  expect(code).toBe(4)
  expect(out).toMatch(/^Errored /)
  expect(err).toMatch(/^❌ .*\.$/)
})

test('[RC5] Ctrl-C ends live', async () => {
  const { code, out } = await raindex(['live'], { interrupted: () => AbortSignal.abort() })
  expect({ code, out }).toEqual({ code: 0, out: '' })
})

test('[RC6] a file or a log that makes no sense is said with its place', async () => {
  const files = {
    none: [],
    noJson: [deposit(5), '{"address":'],
    cut: [deposit(5), { ...deposit(6), data: '0x12' }],
    noHex: [{ ...deposit(5), data: 'zz' }],
    order: [withdrawal(7), deposit(5)],
    twoBooks: [deposit(5), deposit(6, store)],
    noBook: [write(5)],
  }
  const said: string[] = []
  for (const [name, lines] of Object.entries(files)) {
    const path = await fileOf(`${name}.ndjson`, lines)
    const { code, out, err } = await raindex(['state', '--logs', path, '--decimals', `${token}=6`])
    expect(out).toBe('')
    said.push(`${code} ${err}`)
  }
  expect(said).toMatchInlineSnapshot(`
    [
      "2 ❌ The file none.ndjson holds no logs. Write what eth_getLogs answers into it, one log per line.",
      "4 ❌ Line 2 of noJson.ndjson: It is no JSON. Give one log per line.",
      "4 ❌ Log 0 of block 6 cannot be read: word 0 is behind the end of the data. Ask the node again.",
      "4 ❌ Line 1 of noHex.ndjson: The field data of a log cannot be "zz". Ask the node again.",
      "4 ❌ Log 0 of block 5 follows log 0 of block 7. Sort the logs and ask for the range again.",
      "2 ❌ The logs are of 2 order books. Choose with --orderbook: 0xb0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0, 0x5050505050505050505050505050505050505050.",
      "2 ❌ None of the logs is of an order book. Ask for the logs of one.",
    ]
  `)
  const script = await fileOf('script.json', ['[{"orders":["mine"]}]'])
  expect(await raindex(['live', '--script', script])).toMatchInlineSnapshot(`
    {
      "code": 2,
      "err": "❌ script.json: Step 0 of the script cannot be read: there is no order named "mine".",
      "out": "",
    }
  `)
})

test.each([
  [[], 'float|state|simulate|live'],
  [['dance'], 'float|state|simulate|live'],
  [['state'], '--logs FILE.ndjson'],
  [['state', 'dreams', '--logs', 'x'], 'vaults, orders or store, not "dreams"'],
  [['state', '--logs', 'nowhere.ndjson'], 'The file nowhere.ndjson cannot be read'],
  [['state', '--logs', 'x', '--at', 'noon'], '--at takes the number of a block'],
  [['live', 'demo'], '--script demo'],
  [['live', '--script', 'nowhere.json'], 'The file nowhere.json cannot be read'],
])('[RC6] the call %j is one sentence and exit code 2', async (words, sentence) => {
  const { code, out, err } = await raindex(words)
  expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 1 })
  expect(err).toContain(sentence)
})

test('[RC6] options that make no sense for the logs are one sentence', async () => {
  const logs = await fileOf('options.ndjson', [deposit(5), withdrawal(6)])
  for (const option of ['--orderbook=0x12', '--decimals=0x12=6', `--decimals=${token}=300`]) {
    const { code, err } = await raindex(['state', '--logs', logs, option])
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(`${option.split('=')[0]} takes`) })
  }
  const chosen = await raindex(['state', '--logs', logs, '--orderbook', book.toUpperCase().replace('X', 'x')])
  expect(chosen.code).toBe(0)
})

test('[RC7] what takes long is said on standard error, and only there', async () => {
  const logs = await fileOf('long.ndjson', [
    ...Array.from({ length: 2_500 }, (_, at) => deposit(at + 1)),
    withdrawal(9_999),
  ])
  // A clock on which every second has gone by the next time others get a turn.
  const hurried: Clock = {
    ...systemClock,
    schedule: (work) => {
      const turn = setImmediate(work)
      return () => clearImmediate(turn)
    },
  }
  const { code, out, err } = await raindex(['state', 'vaults', '--json', '--logs', logs], { clock: hurried })
  expect({ code, err }).toEqual({ code: 0, err: 'Replaying long.ndjson …\n1 vault at block 9999' })
  expect(JSON.parse(out)).toMatchObject({ balance: '3749.5' })
})
