import { expect, test } from 'vitest'
import type { BesideAnswer } from './book-answers.ts'
import { createComparisons } from './comparisons.ts'

const alice = `0x${'a'.repeat(40)}`
const bob = `0x${'b'.repeat(40)}`

test('[SB2] few are asked for at a time, each once in a state, those first that have waited longest', async () => {
  const { comparisons, asked, answerNext } = setUp()
  comparisons.want({ ids: ['a', 'b', 'c', 'd'], counterparty: alice, version: '1' })
  expect(asked()).toEqual(['a', 'b'])
  await answerNext('1')
  expect(asked()).toEqual(['b', 'c'])
  comparisons.want({ ids: ['a', 'b', 'c', 'd'], counterparty: alice, version: '2' })
  await answerNext('1')
  expect(asked(), 'd has never been asked for').toEqual(['c', 'd'])
  await answerNext('1')
  expect(asked(), 'a has waited longer than b').toEqual(['d', 'a'])
  for (const text of ['2', '2', '2', '2']) await answerNext(text)
  expect(asked()).toEqual([])
  expect([...comparisons.get()].map(([id, { answer }]) => `${id} ${textOf(answer)}`).sort()).toEqual([
    'a 2',
    'b 2',
    'c 2',
    'd 2',
  ])
})

test('[SB2] the last answer stands when the next one fails, which waits for the next state', async () => {
  const { comparisons, asked, answerNext, failNext } = setUp()
  comparisons.want({ ids: ['a'], counterparty: alice, version: '1' })
  await answerNext('1')
  comparisons.want({ ids: ['a'], counterparty: alice, version: '2' })
  await failNext('The order book does not answer.')
  const { answer, trouble } = comparisons.get().get('a') ?? {}
  expect([textOf(answer), trouble]).toEqual(['1', 'The order book does not answer.'])
  expect(asked()).toEqual([])
  comparisons.want({ ids: ['a'], counterparty: alice, version: '3' })
  await answerNext('3')
  expect(comparisons.get().get('a')?.trouble).toBeUndefined()
})

test('[SB5] what was answered for another counterparty, or is no more on screen, is forgotten', async () => {
  const { comparisons, answerNext } = setUp()
  comparisons.want({ ids: ['a', 'b'], counterparty: alice, version: '1' })
  await answerNext('alice')
  comparisons.want({ ids: ['a', 'b'], counterparty: bob, version: '1' })
  expect(comparisons.get().size).toBe(0)
  await answerNext('late, for alice')
  expect(comparisons.get().size).toBe(0)
  await answerNext('bob')
  await answerNext('bob')
  expect([...comparisons.get()].map(([, { answer }]) => textOf(answer))).toEqual(['bob', 'bob'])
  comparisons.want({ ids: ['b'], counterparty: bob, version: '1' })
  expect([...comparisons.get().keys()]).toEqual(['b'])
})

function setUp() {
  const waiting: { readonly id: string; readonly done: PromiseWithResolvers<BesideAnswer> }[] = []
  const comparisons = createComparisons((id) => {
    const done = Promise.withResolvers<BesideAnswer>()
    waiting.push({ id, done })
    return done.promise
  })
  comparisons.subscribe(() => undefined)
  const settle = async (end: (done: PromiseWithResolvers<BesideAnswer>) => void): Promise<void> => {
    const first = waiting.shift()
    if (first === undefined) throw new Error('nothing was asked for')
    end(first.done)
    // Until everything that follows from it has happened.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    comparisons,
    asked: () => waiting.map(({ id }) => id),
    answerNext: (message: string) =>
      settle(({ resolve }) =>
        resolve({
          virtual: { kind: 'quote', ioRatio: '1', outputMax: '1' },
          rpc: { kind: 'unavailable', message },
          verdict: null,
          block: null,
        }),
      ),
    failNext: (message: string) => settle(({ reject }) => reject(new Error(message))),
  }
}

function textOf(answer: BesideAnswer | undefined): string | undefined {
  return answer?.rpc?.kind === 'unavailable' ? answer.rpc.message : undefined
}
