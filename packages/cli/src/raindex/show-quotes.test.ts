import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeOrder, hashOrder, type Order } from '@freshet/raindex/engine'
import { floatToHex, parse } from '@freshet/raindex/float'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runForText, type RanText } from '../testing/run-command.ts'

const address = (digit: string) => `0x${digit.repeat(40)}` as const
const word = (hex: string) => hex.replace(/^0x/, '').padStart(64, '0')
const vaultId = `0x${word('1')}` as const
const [book, tokenA, tokenB] = [address('b'), address('1'), address('2')]

const order: Order = {
  owner: address('9'),
  evaluable: { interpreter: address('7'), store: address('8'), bytecode: '0x00' },
  validInputs: [{ token: tokenA, vaultId }],
  validOutputs: [tokenA, tokenB].map((token) => ({ token, vaultId })),
  nonce: vaultId,
}
const hash = hashOrder(order)
// An order whose interpreter is not in the folder.
const lost: Order = { ...order, evaluable: { ...order.evaluable, interpreter: address('6') } }

/** Code that answers every call with a stack of a ratio of 1.5 and at most 10, and no writes. */
const answer = ['40', 'a0', '2', floatToHex(parse('1.5')), floatToHex(parse('10')), '0'].map(word).join('')
const runtime = `0x60c0600c60003960c06000f3${answer}`

const topics = {
  add: '0x87491344dfbcf91f6cbbc610cbbeedc85313d37a02df0c93527f7ea5f8db717f',
  deposit: '0x7f9dfa19cf1cc2f806f2f860fbc9c056b601fb1afc0e9b843dfe5c63616268e6',
}

function log(event: keyof typeof topics, block: number, data: string) {
  return JSON.stringify({
    address: book,
    topics: [topics[event]],
    data: `0x${data}`,
    blockNumber: `0x${block.toString(16)}`,
    blockHash: `0x${word(block.toString(16))}`,
    blockTimestamp: '0x64',
    transactionHash: `0x${word(`f${block}`)}`,
    logIndex: '0x0',
  })
}

const added = (block: number, one: Order) =>
  log('add', block, word(one.owner) + word(hashOrder(one)) + word('60') + encodeOrder(one).slice(2 + 64))
const deposited = log('deposit', 2, [order.owner, tokenB, '1', '4c4b40'].map(word).join(''))

let folder: string
let logs: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-quotes-'))
  logs = join(folder, 'book.ndjson')
  await writeFile(logs, [added(1, order), deposited, added(3, lost)].join('\n'))
  for (const [name, at] of Object.entries({ Interpreter: address('7'), Store: address('8') }))
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ name, address: at, runtime }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function simulate(words: readonly string[], contracts = folder): Promise<RanText> {
  const with6 = [
    '--logs',
    logs,
    '--contracts',
    contracts,
    '--decimals',
    `${tokenB}=6`,
    '--decimals',
    `${tokenA}=18`,
  ]
  const ran = await runForText(['raindex', 'simulate', ...words, ...with6])
  return { ...ran, err: ran.err.replaceAll(folder, 'DIR') }
}

test('[RC8] an order is quoted on the code of the folder, no more than its vault holds', async () => {
  const quote = await simulate(['quote', hash, '0', '1', '--chain', '1', '--json'])
  expect({ code: quote.code, err: quote.err }).toEqual({ code: 0, err: '1 pair at block 3, second 100' })
  expect(JSON.parse(quote.out)).toMatchObject({ order: hash, outputMax: '5', ioRatio: '1.5', writes: [] })
  const before = await simulate(['quote', hash, '0', '1', '--chain', '1', '--json', '--at', '1'])
  expect(JSON.parse(before.out)).toMatchObject({ outputMax: '0' })
})

test('[RC8] every pair of every order is quoted, with why there is no number', async () => {
  expect(await simulate(['quote', '--chain', '1'])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "2 pairs at block 3, second 100",
      "out": "order                                                               in  out  most  ratio
    0x751845ab0dc0702eb96dcff8c66051c453b289c8cd4c848c0a89a7fae8172d52  0   1    5     1.5
    0xfe2caf527d2c651066d004271e76ef14f2a69d9bd2f34a2baeeba8d72f85c5f9  0   1          not comparable: MissingBytecode",
    }
  `)
  const { out } = await simulate(['quote', hashOrder(lost), '0', '1', '--chain', '1', '--json'])
  expect(JSON.parse(out)).toMatchObject({
    notComparable: { kind: 'MissingBytecode', codeKind: 'Interpreter' },
  })
  const dead = await simulate(['quote', vaultId, '--chain', '1', '--json'])
  expect(JSON.parse(dead.out)).toMatchObject({ notComparable: { kind: 'OrderNotFound' } })
})

test.each([
  [['clear', '--chain', '1'], 'simulate quote|take'],
  [['take', '--chain', '1', '--max', '1'], 'Name the orders to take'],
  [['take', hash, '--chain', '1'], '--max 10'],
  [['take', hash, '--chain', '1', '--max', 'much'], '--max takes a decimal number'],
  [['take', `${hash}:0:1:2`, '--chain', '1', '--max', '1'], '0x…:0:0'],
  [['take', hash, '--chain', '1', '--max', '1', '--by-output'], 'V6 only'],
  [['quote'], '--chain N'],
  [['quote', '0x12', '--chain', '1'], 'named by its hash'],
  [['quote', '--chain', 'one'], '--chain takes the id of the chain'],
  [['quote', '--chain', '1', '--counterparty', 'me'], '--counterparty takes an address'],
])('[RC6] [RC8] the call %j is one sentence and exit code 2', async (words, sentence) => {
  const { code, out, err } = await simulate(words)
  expect({ code, out, lines: err.split('\n').length }).toEqual({ code: 2, out: '', lines: 1 })
  expect(err).toContain(sentence)
})

test('[RC6] [RC8] a folder or a contract that cannot be read is named', async () => {
  expect((await simulate(['quote', '--chain', '1'], join(folder, 'none'))).err).toContain(
    'The folder DIR/none',
  )
  const odd = await mkdtemp(join(folder, 'odd-'))
  await writeFile(join(odd, 'a.json'), '{"address":"0x12"}')
  const { code, err } = await simulate(['quote', '--chain', '1'], odd)
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('a.json is no contract') })
})

test('[RC9] a take says what each order gives and costs, what is passed over, and what would change', async () => {
  const asked = ['take', `${hash}:0:1`, `${hash}:0:1`, '--chain', '1', '--max', '7']
  expect(await simulate(asked)).toMatchInlineSnapshot(`
    {
      "code": 0,
      "err": "1 order taken at block 3, second 100, nothing was sent",
      "out": "order                                                               receives  gives
    0x751845ab0dc0702eb96dcff8c66051c453b289c8cd4c848c0a89a7fae8172d52  5         7.5
    0x751845ab0dc0702eb96dcff8c66051c453b289c8cd4c848c0a89a7fae8172d52                   passed over: ZeroAmount
    total                                                               5         7.5",
    }
  `)
  const { out } = await simulate([...asked, '--json'])
  expect(JSON.parse(out)).toMatchObject({
    ...{ totalInput: '5', totalOutput: '7.5' },
    taken: [{ orderHash: hash, input: '5', output: '7.5' }],
    warnings: [{ kind: 'ZeroAmount', orderHash: hash }],
    mutations: [{ kind: 'vaultDeltas' }],
  })
})

test('[RC9] a take that the chain would refuse says why, as JSON with the figures', async () => {
  const asked = ['take', `${hash}:0:1`, '--chain', '1', '--max', '7', '--min', '6']
  expect(await simulate(asked)).toEqual({
    code: 0,
    out: 'not comparable: MinimumNotMet',
    err: 'Nothing can be said at block 3, second 100',
  })
  expect(JSON.parse((await simulate([...asked, '--json'])).out)).toMatchObject({
    notComparable: { kind: 'MinimumNotMet', minimum: '6', actual: '5' },
  })
  const dear = await simulate([
    'take',
    `${hash}:0:1`,
    '--chain',
    '1',
    '--max',
    '1',
    '--ratio',
    '1.2',
    '--json',
  ])
  expect(JSON.parse(dear.out)).toMatchObject({ taken: [], warnings: [{ kind: 'RatioExceeded' }] })
})
